"""The sections of the HTML report that say what was measured, how good it is, and how that was found out."""

from collections.abc import Mapping

from model.evaluation_types import Evaluation
from model.html_text import Html, element, join
from model.report_charts import interval_bar
from model.report_texts import (
    counted,
    data_name,
    interval,
    moment,
    percent,
    points,
    temperature_text,
)

# How tiles stand in rows without a gap at the end; three and six come out even by themselves.
_LAYOUTS = {4: "four", 5: "five"}


def header_section(evaluation: Evaluation) -> Html:
    """Return the title."""
    count = counted(len(evaluation.images), "picture")
    classes = counted(sum(figures.support > 0 for figures in evaluation.per_class), "class")
    return element(
        "header",
        element("p", "Evaluation by Photospotter", class_="kicker"),
        element("h1", evaluation.weights_title),
        element(
            "p",
            "on ",
            element("strong", data_name(evaluation)),
            f": {count} of {classes}, {moment(evaluation.finished)}",
            class_="lead",
        ),
    )


def hero_section(evaluation: Evaluation) -> Html:
    """Return the share of right labels, large, with its interval."""
    top_1, count = evaluation.top_1, len(evaluation.images)
    right = sum(image.right for image in evaluation.images)
    if evaluation.trained_on_these:
        meaning = "This says nothing of other pictures: the weights have most likely seen these before."
    else:
        meaning = (
            f"With 95 % confidence the share on all pictures of this kind lies between {interval(top_1, 'and')}; "
            "more pictures would narrow it."
        )
    return element(
        "section",
        element(
            "div",
            element("p", percent(top_1.value), class_="big"),
            element("p", "got the right label first", class_="lead"),
        ),
        element(
            "div",
            interval_bar(top_1, "Right label first"),
            element("p", f"{right:,} of {counted(count, 'picture')}."),
            element("p", meaning, class_="note"),
            class_="words",
        ),
        class_="hero",
    )


def tiles_section(evaluation: Evaluation) -> Html:
    """Return the other headline figures, each with a word on what it means."""
    tiles: list[Html] = []

    def add(name: str, value: str, why: str) -> None:
        tiles.append(
            element(
                "div",
                element("dt", name),
                element("dd", value, class_="value"),
                element("dd", why, class_="why"),
                class_="tile",
            )
        )

    if evaluation.top_5 is not None:
        why = f"among the first five labels; 95 % interval {interval(evaluation.top_5)}"
        add("Top-5", percent(evaluation.top_5.value), why)
    add(
        "Macro F1",
        percent(evaluation.macro.f1),
        f"each class counts alike; by number of pictures {percent(evaluation.weighted.f1)}",
    )
    add(
        "Calibration error",
        points(evaluation.calibration_error),
        "how far confidence and share of right labels lie apart",
    )
    if evaluation.unsure is not None:
        sure = evaluation.unsure.accuracy_when_sure
        share = percent(evaluation.unsure.unsure / len(evaluation.images))
        add(
            "Unsure",
            f"{evaluation.unsure.unsure:,}",
            f"{share} of the pictures; of the others {percent(sure.value)} are right" if sure else "all of them",
        )
    add("Speed", f"{evaluation.rate:.1f} images/s", f"on {evaluation.device}, loading left out")
    if evaluation.bad:
        add("Not read", f"{len(evaluation.bad):,}", "listed below; they have no part in any figure")
    return element("dl", *tiles, class_=f"tiles {_LAYOUTS.get(len(tiles), '')}".strip())


def facts_section(evaluation: Evaluation, versions: Mapping[str, str | None]) -> Html:
    """Return how this was measured: weights, data, device, versions, methods."""
    count = len(evaluation.images)
    labels = "folders named like the classes" if evaluation.labels is None else evaluation.labels.name
    facts: list[tuple[str, object]] = [
        ("Weights", f"{evaluation.weights_title} ({evaluation.weights_id})"),
        ("SHA-256", element("code", evaluation.weights_sha256)),
        ("Classes", f"{len(evaluation.classes):,}"),
        ("Pictures", f"{data_name(evaluation)}: {count:,} judged, {len(evaluation.bad):,} not read"),
        ("Labels from", labels),
        ("Part", evaluation.part or "all of the folder"),
        ("Probabilities", temperature_text(evaluation)),
        ("Mean loss", f"{evaluation.mean_loss:.4f} (cross-entropy)"),
        ("Date", moment(evaluation.finished)),
        ("Device", f"{evaluation.device}; {evaluation.seconds:.1f} s, {evaluation.rate:.1f} images/s"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items() if version)),
    ]
    return element(
        "section",
        element("h2", "How this was measured"),
        element("dl", *(join((element("dt", name), element("dd", value))) for name, value in facts), class_="facts"),
        element(
            "p",
            "Intervals are Wilson's score intervals for 95 %. Macro and weighted averages are over the classes that "
            f"have pictures. The calibration error is the expected one over {len(evaluation.reliability)} equally wide "
            "bins. What is undefined (the precision of a class that was never named) counts as 0.",
            class_="note",
        ),
    )
