"""Any text, any name: what is written can be read again, and what cannot be used is refused in words.

hypothesis tries a few hundred of each; PHOTOSPOTTER_FUZZ_MINUTES=5 tries some twenty thousand.
"""

import csv
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
from fakes import make_result, make_weights
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import encoded

from model.cancel import CancelToken
from model.cards import card_bytes, card_to_json, parse_card
from model.cli_output import on_one_line
from model.csv_text import unescape_cell
from model.errors import PhotospotterError, WeightsError
from model.export import CsvExport, CsvOptions, JsonLinesExport
from model.html_text import element
from model.labelled_files import read_labelled_files
from model.labels import read_labels
from model.names import display_name
from model.sources import find_images
from model.types import ScanBatch
from model.weights import default_catalogue

MINUTES = float(os.environ.get("PHOTOSPOTTER_FUZZ_MINUTES", "0"))
often = settings(
    max_examples=4000 * round(MINUTES) if MINUTES else 150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
ANY_TEXT = st.text(max_size=40) | st.text("=+-@;,\t\r\n\0'\"\\<>&\u202e\u2028a", max_size=12)
PATH_TEXT = st.text("./\\\0a~:", max_size=8)
# What a name may be on a file system of POSIX: any bytes but two.
NAME = (
    st.binary(min_size=1, max_size=60)
    .map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_"))
    .filter(lambda raw: raw not in (b".", b"..") and not raw.startswith(b"."))
    .map(os.fsdecode)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs names of any bytes")


def check_words(error: PhotospotterError) -> None:
    assert str(error)
    assert error.remedy


@linux_only
@often
@given(name=NAME, label=ANY_TEXT.filter(lambda text: text.isprintable()), raw=st.booleans())
def test_csv_and_json_lines_give_names_and_labels_back(name: str, label: str, raw: bool) -> None:
    installed = make_weights(classes=(label, "other"))
    root = Path("/somewhere")
    table, lines = io.StringIO(newline=""), io.StringIO(newline="")
    with CsvExport(table, installed, root, CsvOptions(raw=raw)) as export:
        export.write(make_result(root / name, installed, 0.75, 0.25))
    with JsonLinesExport(lines, installed, root) as export:
        export.write(make_result(root / name, installed, 0.75, 0.25))
    (row,) = csv.DictReader(io.StringIO(table.getvalue(), newline=""))
    back = str if raw else unescape_cell
    assert back(row["path"]) == back(row["file_name"]) == display_name(name)
    assert back(row["label_1"]) == label
    assert row["prob_1"] == "0.75"
    if not raw:
        assert not any(cell[:1] in tuple("=+-@\t\r\n\0") for cell in row.values())
    told = json.loads(lines.getvalue())
    assert told["path"] == display_name(name)
    assert told["predictions"][0]["label"] == label


@often
@given(text=ANY_TEXT)
def test_the_terminal_and_the_page_show_text_and_nothing_else(text: str) -> None:
    line = on_one_line(display_name(text))
    assert len(line.splitlines()) <= 1
    assert not set(line) & {"\x1b", "\x07", "\u202e", "\u2066"}
    html = element("td", text, title=text)
    inner = html.removeprefix("<td").removesuffix("</td>")
    assert inner.count("<") == 0
    assert inner.count(">") == 1
    assert inner.count('"') == 2


@linux_only
@often
@given(names=st.lists(NAME, min_size=1, max_size=5, unique=True))
def test_a_scan_finds_every_name_once(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        content = encoded("PNG")
        for name in names:
            (root / name).write_bytes(content)
        events = find_images([root], recursive=True, cancel=CancelToken())
        found = [image.path.name for event in events if isinstance(event, ScanBatch) for image in event.found]
    assert sorted(found) == sorted(names)


@often
@given(data=st.binary(max_size=300) | ANY_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_labels_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    for name in ("labels.txt", "labels.json"):
        (tmp_path / name).write_bytes(data)
        try:
            labels = read_labels(tmp_path / name)
        except WeightsError as exc:
            check_words(exc)
        else:
            assert labels
            assert all(label.strip() for label in labels)


@often
@given(
    head=st.sampled_from(["file,label", "file;class_index", "file\twnid", "label,file,class_index"]),
    rows=st.lists(st.lists(ANY_TEXT | PATH_TEXT | st.sampled_from(["rain", "0", "a\0/../b"]), max_size=4), max_size=4),
    quoted=st.booleans(),
)
def test_labels_of_pictures_are_read_or_refused(tmp_path: Path, head: str, rows: list[list[str]], quoted: bool) -> None:
    card = default_catalogue().entry("weather-lite2").weights
    delimiter = next(one for one in ",;\t" if one in head)
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    plain = "\n".join(delimiter.join(row) for row in rows)
    file = tmp_path / "labels.csv"
    file.write_bytes(f"{head}\n{stream.getvalue() if quoted else plain}".encode("utf-8", "surrogatepass"))
    try:
        labelled = read_labelled_files(tmp_path, file, card, CancelToken())
    except PhotospotterError as exc:
        check_words(exc)
    else:
        assert all(0 <= one.class_index < len(card.classes) for one in labelled.files)


@often
@given(data=st.data())
def test_cards_with_any_value_in_any_place_are_refused_or_sound(data: st.DataObject) -> None:
    card = card_to_json(default_catalogue().entry("weather-lite2").weights)
    place: object = card
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        key = data.draw(st.sampled_from(keys))
        inner = place[key]  # type: ignore[index]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            break
        place = inner
    place[key] = data.draw(
        JSON | st.sampled_from(["../../evil", "/etc/passwd", "C:\\x", "a\0b", "..", 2**70, -1, 1e308])
    )  # type: ignore[index]
    try:
        parsed = parse_card(card, "card.json")
    except WeightsError as exc:
        check_words(exc)
        return
    assert parse_card(json.loads(card_bytes(parsed)), "card.json") == parsed
    for file in parsed.files:
        assert Path(file.name).name == file.name
        assert file.name not in ("", ".", "..")
