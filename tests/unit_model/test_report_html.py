"""The HTML report: what it says, that it is whole, that it fetches and runs nothing, and that it can be read."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from evaluation_samples import evaluation_of, judged
from hypothesis import given, settings
from hypothesis import strategies as st

from model.evaluation_types import Evaluation, JudgedImage
from model.html_text import Html, element, join
from model.names import display_name
from model.report_charts import LARGEST_DRAWING, LARGEST_TABLE, level
from model.report_findings import WORST
from model.report_html import evaluation_page
from model.report_style import DARK, DARK_RIGHT, DARK_WRONG, LIGHT, LIGHT_RIGHT, LIGHT_WRONG, Pairs
from model.types import Problem

ROOT = Path("/data/weather")
EVIL = "<script>alert(1)</script>"
VOID = {"meta", "img"}
JPEG = b"\xff\xd8\xff a small picture"


@dataclass(slots=True)
class Page:
    """What a browser would make of it."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


class Reader(HTMLParser):
    """Reads a page strictly: what is opened must be closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in {tag}"
        self.page.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.page.text += data


def read(html: str) -> Page:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.page


def page_of(evaluation: Evaluation, thumbnails: dict[Path, bytes] | None = None) -> Page:
    return read(evaluation_page(evaluation, thumbnails or {}, {"python": "3.11.7", "torch": None}))


def picture(name: str, true: int, *probabilities: float, unsure: bool | None = None) -> JudgedImage:
    return judged(true, probabilities, ROOT / name, unsure=unsure)


SIX = (
    picture("cloudy/1.jpg", 0, 0.9, 0.05, 0.05),
    picture("cloudy/2.jpg", 0, 0.8, 0.1, 0.1),
    picture("cloudy/3.jpg", 0, 0.3, 0.6, 0.1),
    picture("rain/1.jpg", 1, 0.1, 0.7, 0.2),
    picture("rain/2.jpg", 1, 0.2, 0.5, 0.3),
    picture("rain/3.jpg", 1, 0.1, 0.02, 0.88),
)


def many_classes(count: int, pictures: int) -> Evaluation:
    rng = np.random.default_rng(0)
    images = []
    for number in range(pictures):
        probabilities = rng.dirichlet(np.full(count, 0.2))
        images.append(picture(f"{number}.jpg", number % count, *probabilities))
    return evaluation_of(images, tuple(f"bird {index}" for index in range(count)))


class TestWords:
    page = page_of(
        evaluation_of(
            SIX,
            bad=((ROOT / "rain" / "broken.jpg", Problem("image-empty")),),
            labels=Path("/lists/labels.tsv"),
            part="test",
        )
    )

    @pytest.mark.parametrize(
        "words",
        [
            "Weather, small",
            "weather: 6 pictures of 2 classes, 24 November 2026, 18:03 UTC",
            "66.7 %",
            "4 of 6 pictures",
            "between 30.0 and 90.3 %",
            "Macro F1",
            "3.0 images/s",
            "on CPU, loading left out",
            "the file is empty",
            "rain/broken.jpg",
            "ab" * 32,
            "labels.tsv",
            "python 3.11.7",
            "plain softmax",
            "6 judged, 1 not read",
        ],
    )
    def test_says(self, words: str) -> None:
        assert words in self.page.text

    @pytest.mark.parametrize("words", ["Top-5", "Unsure", "torch", "/data", "/lists", "learned from"])
    def test_does_not_say(self, words: str) -> None:
        assert words not in self.page.text

    def test_the_most_confident_error_comes_first(self) -> None:
        text = self.page.text
        assert text.index("taken for shine 88.0 %") < text.index("taken for rain 60.0 %")
        assert "is rain (2.0 %)" in text

    def test_headings_go_down_in_order(self) -> None:
        levels = [tag for tag, _ in self.page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == "h1"
        assert set(levels[1:]) == {"h2"}

    def test_the_page_can_be_heard(self) -> None:
        assert self.page.of("html") == [{"lang": "en"}]
        assert all(image.get("role") == "img" or image.get("aria-hidden") == "true" for image in self.page.of("svg"))
        drawings = sum(image.get("role") == "img" for image in self.page.of("svg"))
        assert len(self.page.of("title")) > drawings >= 2  # each drawing has a title, and the page has one
        assert all(cell.get("scope") in ("row", "col") for cell in self.page.of("th"))


def test_top_5_unsure_and_training_pictures_are_told_where_there_are_some() -> None:
    images = [
        picture(f"{i}.jpg", i, *np.roll([0.5, 0.1, 0.1, 0.1, 0.1, 0.1], i + (i == 5)), unsure=i == 5) for i in range(6)
    ]
    text = page_of(evaluation_of(images, tuple("abcdef"), trained_on_these=True, temperature=1.25)).text
    assert "Top-5" in text
    assert "Unsure" in text
    assert "of the others 100.0 % are right" in text
    assert "unsure" in text
    assert "learned from" in text
    assert "This says nothing of other pictures" in text
    assert "on all pictures of this kind" not in text
    assert "calibrated, temperature 1.25" in text


def test_an_evaluation_without_errors_says_so() -> None:
    text = page_of(evaluation_of(SIX[:2])).text
    assert "Not one picture got a wrong label." in text
    assert "most confident errors" not in text
    assert "Not read" not in text


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(0.98, "too sure of itself"), (0.51, "more modest than it needs to be"), (0.75, "about as sure as it should be")],
)
def test_whether_it_is_too_sure_is_said_in_words(confidence: float, words: str) -> None:
    rest = (1 - confidence) / 2
    images = [picture(f"{i}.jpg", int(i == 3), confidence, rest, rest) for i in range(4)]
    assert words in page_of(evaluation_of(images)).text


class TestMatrix:
    def test_few_classes_are_a_table_of_numbers(self) -> None:
        html = evaluation_page(evaluation_of(SIX), {}, {})
        (table,) = re.findall(r'<table class="matrix">.*?</table>', html)
        rows = [re.findall(r"<td[^>]*>(\d+)</td>", row) for row in table.split("<tr>")[2:]]
        assert rows == [["2", "1", "0"], ["0", "2", "1"]]  # shine has no pictures, so no row, but was named
        assert re.findall(r'class="(right\d|wrong\d|none)"', table) == [
            *("right4", "wrong5", "none"),
            *("none", "right4", "wrong5"),
        ]

    def test_more_classes_are_drawn_and_the_pairs_listed(self) -> None:
        page = page_of(many_classes(LARGEST_TABLE + 1, 200))
        assert not any(table.get("class") == "matrix" for table in page.of("table"))
        assert any(re.fullmatch("wrong[1-6]", square.get("class") or "") for square in page.of("rect"))
        assert "pairs of classes were confused; these are the 20 most frequent" in page.text

    def test_of_very_many_classes_only_pairs_and_the_weakest_are_shown(self) -> None:
        count = LARGEST_DRAWING + 1
        page = page_of(many_classes(count, 300))
        assert not any(re.fullmatch("wrong[1-6]", square.get("class") or "") for square in page.of("rect"))
        assert "20 most frequent" in page.text
        assert f"of {count}; these are the 40 weakest." in page.text
        assert f"All {count} classes that have pictures" in page.text
        assert len(page.of("figure")) == WORST

    def test_of_many_classes_only_those_with_errors_are_laid_open(self) -> None:
        images = [picture(f"{i}.jpg", i, *np.eye(60)[i]) for i in range(60)]
        perfect = evaluation_of(images, tuple(f"bird {i}" for i in range(60)))
        assert "Classes that have errors: 0 of 60." in page_of(perfect).text
        images[7] = picture("7.jpg", 7, *np.eye(60)[8])
        page = page_of(evaluation_of(images, tuple(f"bird {i}" for i in range(60))))
        assert "Classes that have errors: 2 of 60." in page.text  # the one that was missed and the one that was named
        assert len(page.of("details")) == 2

    def test_a_thousand_classes_of_which_few_occur_are_still_a_table(self) -> None:
        probabilities = np.full(1000, 0.0)
        probabilities[[7, 8]] = 0.6, 0.4
        page = page_of(evaluation_of([picture("a.jpg", 8, *probabilities)], tuple(map(str, range(1000)))))
        assert any(table.get("class") == "matrix" for table in page.of("table"))
        assert len(page.text) < 5000

    def test_two_classes_of_one_name_are_told_apart(self) -> None:
        page = page_of(evaluation_of([picture("a.jpg", 0, 0.4, 0.6)], ("crane", "crane")))
        assert "crane (0)" in page.text
        assert "crane (1)" in page.text

    @pytest.mark.parametrize(
        ("share", "right", "colour"),
        [
            *((0.0, True, None), (0.1, True, "right1"), (0.2, True, "right2"), (1.0, True, "right6")),
            *((0.0, False, None), (0.001, False, "wrong1"), (0.05, False, "wrong3"), (1.0, False, "wrong6")),
        ],
    )
    def test_levels(self, share: float, right: bool, colour: str | None) -> None:
        assert level(share, right=right) == colour


class TestSafety:
    html = evaluation_page(
        evaluation_of(
            [
                picture(f"{EVIL}.jpg", 0, 0.1, 0.8, 0.1),
                picture('" onerror="alert(1)" x=".jpg', 1, 0.8, 0.1, 0.1),
                picture("\udcff&lt;.jpg", 1, 0.7, 0.2, 0.1),
            ],
            (EVIL, 'rain & "snow"', "shine'"),
            root=ROOT,
            bad=((ROOT / f"{EVIL}.png", Problem("image-io", (("reason", EVIL),))),),
            weights_title=EVIL,
            weights_id=EVIL,
            device=EVIL,
            labels=Path("<b>&amp;.csv"),
        ),
        {ROOT / f"{EVIL}.jpg": JPEG},
        {EVIL: EVIL},
    )

    def test_names_stay_names(self) -> None:
        page = read(self.html)
        assert page.of("script") == []
        assert {tag for tag, _ in page.elements} <= KNOWN_ELEMENTS
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        for words in (f"is {EVIL}", f"on {EVIL}", f"{EVIL}.png", "<b>&amp;.csv", 'rain & "snow"', 'onerror="alert(1)"'):
            assert words in page.text

    def test_names_that_are_not_unicode_are_readable(self) -> None:
        assert "\\xff&lt;.jpg" in read(self.html).text
        assert self.html.encode()

    def test_nothing_is_fetched(self) -> None:
        page = read(self.html)
        sources = [value for _, attributes in page.elements for name, value in attributes.items() if name in LINKS]
        assert sources == [f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"]
        assert "url(" not in self.html
        assert "@import" not in self.html

    def test_the_policy_forbids_everything_but_this_style_and_these_pictures(self) -> None:
        (policy,) = [one["content"] for one in read(self.html).of("meta") if "http-equiv" in one]
        style = re.findall(r"<style>(.*?)</style>", self.html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
        assert policy is not None
        assert set(policy.split("; ")) == {
            "default-src 'none'",
            "img-src data:",
            f"style-src 'sha256-{digest}'",
            "base-uri 'none'",
            "form-action 'none'",
        }
        assert not any("style" in attributes for _, attributes in read(self.html).elements)

    def test_a_picture_that_is_gone_has_a_word_in_its_place(self) -> None:
        page = read(self.html)
        assert len(page.of("figure")) == 3
        assert len(page.of("img")) == 1
        assert page.text.count("cannot be read any more") == 2


LINKS = {"src", "href", "srcset", "data", "action", "xlink:href", "poster", "background"}
KNOWN_ELEMENTS = set(
    "html head meta title style body main header section div p h1 h2 strong span code dl dt dd table thead tbody tr th "
    "td svg rect circle line text details summary figure figcaption img".split()
)


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec=None), max_size=30), st.text(max_size=30))
def test_whatever_a_text_holds_comes_out_as_text(child: str, value: str) -> None:
    html = element("p", child, element("span", "x", title=value), None)
    page = read(f"<div>{html}</div>")
    assert [tag for tag, _ in page.elements] == ["div", "p", "span"]
    assert "\0" in value or page.of("span") == [{"title": display_name(value)}]


def test_html_is_not_escaped_again_and_none_is_left_out() -> None:
    assert join(["<", Html("<br>"), None, 7]) == "&lt;<br>7"
    assert element("td", "x", class_="n", aria_hidden="true", title=None) == '<td class="n" aria-hidden="true">x</td>'
    assert element("img", src="a&b", alt="") == '<img src="a&amp;b" alt="">'


# --- contrast: WCAG 2.1, success criterion 1.4.3 ---


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_pairs() -> Iterator[tuple[str, str]]:
    for palette in (LIGHT, DARK):
        for ground in ("page", "card"):
            for text in ("text", "muted", "accent", "wrong"):
                yield palette[ground], palette[text]
        yield palette["warn"], palette["warn-text"]
    cells: tuple[Pairs, ...] = (LIGHT_RIGHT, LIGHT_WRONG, DARK_RIGHT, DARK_WRONG)
    for pairs in cells:
        yield from pairs


@pytest.mark.parametrize(("ground", "text"), sorted(set(text_pairs())))
def test_text_can_be_read_on_its_ground(ground: str, text: str) -> None:
    assert contrast(ground, text) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_palettes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    style = re.findall(r"<style>(.*?)</style>", evaluation_page(evaluation_of(SIX), {}, {}), re.DOTALL)[0]
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", style))
    light, dark = (set(re.findall(r"--([a-z0-9-]+):#", part)) for part in style.split("@media screen")[:2])
    assert used <= light == dark
