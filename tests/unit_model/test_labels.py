"""A person's labels file: the forms that are read, and the faults that are named."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import WeightsError
from model.labels import read_labels


def write(folder: Path, content: str | bytes, name: str = "labels.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_labels(path)
    assert path.name in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "cat\ndog\n",
        "cat\ndog",
        "cat\r\ndog\r\n\r\n",
        "  cat \n\tdog\n\n\n",
        b"\xef\xbb\xbfcat\ndog\n",
        '["cat", "dog"]',
        '{"0": "cat", "1": "dog"}',
        '{"1": "dog", "0": " cat "}',
        '{"dog": 1, "cat": 0}',
    ],
)
@pytest.mark.parametrize("name", ["labels.txt", "labels"])
def test_every_form_gives_the_same_labels(tmp_path: Path, content: str | bytes, name: str) -> None:
    assert read_labels(write(tmp_path, content, name)) == ("cat", "dog")


def test_labels_may_hold_other_alphabets_and_repeat(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, "grüner Apfel\n猫\n猫\n")) == ("grüner Apfel", "猫", "猫")


def test_only_line_ends_split_lines(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, "a\u2028b\nc\n")) == ("a\u2028b", "c")


def test_a_text_that_only_begins_like_json_is_text(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, "[other]\ncat\n")) == ("[other]", "cat")


def test_digits_may_be_labels(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, '{"7": 0, "3": 1}')) == ("7", "3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no labels"),
        ("\n\n", "holds no labels"),
        ("[]", "holds no labels"),
        ("cat\n\ndog\n", "label number 1 (counted from 0) is empty"),
        ("cat\ndo\tg\n", "label number 1 (counted from 0) is empty or holds control characters"),
        ('["cat", 3]', "the label with the number 1 is not a text"),
        ('["cat", "\\ud800"]', "label number 1"),
        ('{"0": "cat", "2": "dog"}', "do not run from 0 without a gap (1 is missing)"),
        ('{"cat": 1, "dog": 2}', "(0 is missing)"),
        ('{"cat": 0, "dog": 0}', "the number 0 is given twice"),
        ('{"0": "cat", "00": "dog"}', "the number 0 is given twice"),
        ('{"cat": true, "dog": false}', "neither a list nor an object"),
        ('{"cat": "animal"}', "neither a list nor an object"),
        ('{"0": ["n01", "cat"]}', "is not a text"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, content: str, words: str) -> None:
    assert words in refusal(write(tmp_path, content))


def test_a_json_file_must_be_json(tmp_path: Path) -> None:
    assert "it is not JSON" in refusal(write(tmp_path, "cat\ndog\n", "labels.json"))


@pytest.mark.parametrize("content", ["Äpfel\n".encode("latin-1"), "cat\n".encode("utf-16"), b"\x80\x02}q\x00."])
def test_what_is_not_utf_8_is_told(tmp_path: Path, content: bytes) -> None:
    assert "is not text in UTF-8" in refusal(write(tmp_path, content))


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    assert "could not be read" in refusal(tmp_path / "labels.txt")


label_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(label_texts, min_size=1))
def test_any_labels_survive_as_json(tmp_path: Path, labels: list[str]) -> None:
    in_order = write(tmp_path, json.dumps(labels), "list.json")
    by_number = write(tmp_path, json.dumps({str(i): label for i, label in enumerate(labels)}), "object.json")
    assert read_labels(in_order) == read_labels(by_number) == tuple(labels)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_any_file_is_read_or_refused_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    try:
        labels = read_labels(write(tmp_path, content))
    except WeightsError:
        return
    assert all(labels)


def test_a_file_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.labels._MOST_BYTES", 10)
    (tmp_path / "labels.txt").write_text("cat\n" * 10)
    with pytest.raises(WeightsError, match="more than 10 bytes"):
        read_labels(tmp_path / "labels.txt")
