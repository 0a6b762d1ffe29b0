"""Contestant: the image-classification pipeline of Hugging Face's transformers, batches of 8."""

from pathlib import Path

from transformers import pipeline

from benchmarks.contest import TOP, Rows, read_arguments

BATCH = 8


def main() -> None:
    """Classify the folder; the weights are a folder as `save_pretrained` leaves it."""
    contest = read_arguments()
    classify = pipeline("image-classification", model=str(contest.weights), device="cpu")
    names = [str(file) for file in contest.files]
    with Rows(contest) as rows:
        # A generator, as its documentation says: answers come while pictures are read. Its types know lists only.
        answers = classify((name for name in names), batch_size=BATCH, top_k=TOP)  # type: ignore[call-overload]
        for name, answer in zip(names, answers, strict=True):
            rows.write_labels(Path(name).name, ((one["label"], one["score"]) for one in answer))


if __name__ == "__main__":
    main()
