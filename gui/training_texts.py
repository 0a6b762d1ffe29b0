"""What the window says in words about data sets and trainings."""

from PySide6.QtCore import QCoreApplication, QLocale

from gui.durations import time_left_text
from gui.error_texts import problem_text
from gui.percent import counted, percent_text
from gui.training_progress import Phase, TrainingProgress
from model.names import shown_name
from model.survey_types import DatasetSurvey

_DOT = " \u00b7 "
_MOST_FILES = 8
_MINUTE, _HOUR = 60, 3600


def survey_text(survey: DatasetSurvey) -> str:
    """Return what a folder holds: `4 classes, 1,124 pictures`; with its parts, where the folders name those."""
    classes = QCoreApplication.translate("Training", "{count} classes").format(count=_number(len(survey.classes)))
    text = f"{classes}, {pictures_text(sum(one.count for one in survey.classes))}"
    if survey.parts is None:
        return text
    parts = QCoreApplication.translate(
        "Training", "{train} of them for training, {validation} for validation, {test} for the test"
    )
    train, validation, test = (_number(count) for count in survey.parts)
    return f"{text}; {parts.format(train=train, validation=validation, test=test)}"


def pictures_text(count: int) -> str:
    """Return a number of pictures in words: `1,124 pictures`."""
    one = QCoreApplication.translate("Training", "1 picture")
    return counted(count, one, QCoreApplication.translate("Training", "{count} pictures"))


def bad_files_text(survey: DatasetSurvey) -> str:
    """Return the files that could not be read and why, a line each, for a tooltip; empty where all could."""
    bad = survey.summary.bad
    lines = [f"{shown_name(path.name)}: {problem_text(problem)}" for path, problem in bad[:_MOST_FILES]]
    if len(bad) > _MOST_FILES:
        one = QCoreApplication.translate("Training", "and 1 more")
        more = QCoreApplication.translate("Training", "and {count} more")
        lines.append(counted(len(bad) - _MOST_FILES, one, more))
    return "\n".join(lines)


def phase_text(progress: TrainingProgress, seconds_left: float | None) -> str:
    """Return what a training is busy with, how far it is, and how long that takes: `Epoch 3 of 12 · 4 min left`."""
    parts = [_phase(progress)]
    if progress.total and progress.phase in (Phase.READING, Phase.SEEING, Phase.LEARNING):
        text = QCoreApplication.translate("Training", "{done} of {total} pictures")
        parts.append(text.format(done=_number(progress.done), total=_number(progress.total)))
    if seconds_left is not None:
        parts.append(time_left_text(seconds_left))
    return _DOT.join(parts)


def short_text(progress: TrainingProgress, *, stopping: bool = False) -> str:
    """Return the quiet line for the window's lower edge: `Training Flowers · epoch 3 of 12 · 4 min left`."""
    parts = [QCoreApplication.translate("Training", "Training {title}").format(title=title_of(progress))]
    run = progress.run
    if stopping:
        parts.append(QCoreApplication.translate("Training", "stopping"))
        return _DOT.join(parts)
    if progress.phase is Phase.LEARNING and run is not None:
        text = QCoreApplication.translate("Training", "epoch {epoch} of {epochs}")
        parts.append(text.format(epoch=_number(progress.epoch), epochs=_number(run.epochs)))
    if progress.seconds_left is not None:
        parts.append(time_left_text(progress.seconds_left))
    return _DOT.join(parts)


def title_of(progress: TrainingProgress) -> str:
    """Return the new set's name."""
    return progress.request.title or progress.request.out


def _phase(progress: TrainingProgress) -> str:
    match progress.phase:
        case Phase.STARTING:
            return QCoreApplication.translate("Training", "Starting\u2026")
        case Phase.READING:
            return QCoreApplication.translate("Training", "Reading the pictures")
        case Phase.SEEING:
            return QCoreApplication.translate("Training", "The network looks at the pictures")
        case Phase.LEARNING:
            return _learning(progress)
        case Phase.MEASURING:
            text = QCoreApplication.translate("Training", "Measuring: held-out part {part} of {parts}")
            return text.format(part=_number(len(progress.scores)), parts=_number(progress.total))
        case Phase.STORING:
            return QCoreApplication.translate("Training", "Storing the new weights\u2026")


def _learning(progress: TrainingProgress) -> str:
    run = progress.run
    if run is None:
        return QCoreApplication.translate("Training", "Learning")
    text = QCoreApplication.translate("Training", "Epoch {epoch} of {epochs}")
    epoch = text.format(epoch=_number(progress.epoch), epochs=_number(run.epochs))
    if run.fold is not None:
        text = QCoreApplication.translate("Training", "Held-out part {part} of {parts}")
        return _DOT.join([text.format(part=_number(run.fold + 1), parts=_number(progress.request.folds)), epoch])
    if progress.request.folds:
        return _DOT.join([QCoreApplication.translate("Training", "The last network, on all pictures"), epoch])
    return epoch


def best_text(progress: TrainingProgress) -> str:
    """Return how good it is so far; empty before anything is known."""
    best = progress.best
    if best is not None and best.validation_accuracy is not None and progress.run is not None:
        text = QCoreApplication.translate(
            "Training", "Best so far: epoch {epoch}, which names {share} of {pictures} kept for validation rightly"
        )
        return text.format(
            epoch=_number(best.epoch),
            share=percent_text(best.validation_accuracy, 1),
            pictures=pictures_text(progress.run.validation),
        )
    mean = progress.mean_score
    if mean is not None:
        text = QCoreApplication.translate("Training", "So far {share} of the held-out pictures are named rightly")
        return text.format(share=percent_text(mean, 1))
    return ""


def result_text(progress: TrainingProgress) -> str:
    """Return how good the new set is, in plain words."""
    if progress.test is not None:
        text = QCoreApplication.translate(
            "Training", "{share} of {pictures} that it had never seen were named rightly."
        )
        return text.format(share=_share(progress.test.accuracy), pictures=pictures_text(progress.test.count))
    mean, spread = progress.mean_score, progress.score_spread
    if mean is None:
        return QCoreApplication.translate(
            "Training", "The weights are ready; no pictures were kept to measure them by."
        )
    text = QCoreApplication.translate(
        "Training", "On average {share} of pictures that it had not learnt from were named rightly."
    )
    share = percent_text(mean, 1)
    if spread is not None and round(100.0 * spread, 1):
        share = f"{share} (\u00b1\u00a0{QLocale().toString(100.0 * spread, 'f', 1)})"
    return text.format(share=share)


def result_facts(progress: TrainingProgress, seconds: float) -> str:
    """Return the smaller facts of a finished training: `Stored as flowers · best after epoch 7 of 12 · took 12 min`."""
    trained = progress.trained
    parts = []
    if trained is not None and trained.entry is not None:
        text = QCoreApplication.translate("Training", "stored as {id}")
        parts.append(text.format(id=trained.entry.weights.id))
    if progress.best is not None and progress.run is not None:
        text = QCoreApplication.translate("Training", "best after epoch {epoch} of {epochs}")
        parts.append(text.format(epoch=_number(progress.best.epoch), epochs=_number(progress.run.epochs)))
    elif progress.scores:
        text = QCoreApplication.translate("Training", "measured on {parts} parts, each held out in turn")
        parts.append(text.format(parts=_number(len(progress.scores))))
    parts.append(QCoreApplication.translate("Training", "took {time}").format(time=long_time_text(seconds)))
    return _DOT.join(parts)


def long_time_text(seconds: float) -> str:
    """Return how long hours of work took, as exactly as anyone wants to know: `35 s`, `12 min`, `2.5 h`."""
    number = QLocale().toString
    if seconds < _MINUTE - 0.5:
        return QCoreApplication.translate("Durations", "{n}\u00a0s").format(n=number(max(1, round(seconds))))
    if seconds < _HOUR - _MINUTE / 2:
        return QCoreApplication.translate("Durations", "{n}\u00a0min").format(n=number(round(seconds / _MINUTE)))
    return QCoreApplication.translate("Durations", "{n}\u00a0h").format(n=number(seconds / _HOUR, "f", 1))


def _share(value: float) -> str:
    """A share of few pictures has no decimals to speak of."""
    return percent_text(value, 0)


def _number(count: int) -> str:
    return QLocale().toString(count)
