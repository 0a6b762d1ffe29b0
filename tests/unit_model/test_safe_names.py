"""Folder names that every system takes, and numbered names."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.safe_names import MOST_NAME_BYTES, folder_names, name_key, numbered_name, safe_folder_name


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("tabby cat", "tabby cat"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("   ", "_"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/absolute", "_absolute"),
        ("C:\\Windows", "C__Windows"),
        (".hidden", "hidden"),
        ("ends in a dot.", "ends in a dot"),
        ("ends in space ", "ends in space"),
        ("dots and spaces. . .", "dots and spaces"),
        ("CON", "_CON"),
        ("con.jpg", "_con.jpg"),
        ("Nul .x", "_Nul .x"),
        ("COM1", "_COM1"),
        ("LPT\u00b9", "_LPT\u00b9"),
        ("CONSOLE", "CONSOLE"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("line\nbreak\ttab", "line break tab"),
        ("nul\0byte", "nul_byte"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("e\u0301", "\u00e9"),
        ("\udcff", "_xff"),
        ("\u96e8", "\u96e8"),
    ],
)
def test_folder_names(label: str, folder: str) -> None:
    assert safe_folder_name(label) == folder


def test_long_labels_are_cut_and_stay_different() -> None:
    first, second = safe_folder_name("\u96e8" * 300 + "a"), safe_folder_name("\u96e8" * 300 + "b")
    assert first != second
    assert all(len(name.encode()) <= 120 for name in (first, second))


@given(st.text())
def test_every_label_makes_a_folder(label: str) -> None:
    name = safe_folder_name(label)
    assert name
    assert name not in (".", "..")
    assert not set(name) & set('<>:"/\\|?*\0\n')
    assert name == name.strip(" .") or not name.startswith((" ", "."))
    assert not name.endswith((" ", "."))
    assert len(name.encode()) <= 120


def test_no_two_labels_share_a_folder() -> None:
    names = folder_names(["a/b", "a:b", "Cat", "cat", "unsure", "a_b (2)", "Cat"], ["unsure"])
    assert names == {
        "a/b": "a_b",
        "a:b": "a_b (2)",
        "Cat": "Cat",
        "cat": "cat (2)",
        "unsure": "unsure (2)",
        "a_b (2)": "a_b (2) (2)",
    }
    assert len({name_key(name) for name in names.values()}) == len(names)


@pytest.mark.parametrize(
    ("name", "number", "numbered"),
    [
        ("a.jpg", 1, "a.jpg"),
        ("a.jpg", 2, "a (2).jpg"),
        ("a.tar.gz", 3, "a.tar (3).gz"),
        ("none", 2, "none (2)"),
        (".jpg", 2, ".jpg (2)"),
        ("a (2).jpg", 2, "a (2) (2).jpg"),
        ("\udcff.jpg", 2, "\udcff (2).jpg"),
        ("a." + "b" * 30, 2, "a." + "b" * 30 + " (2)"),
    ],
)
def test_numbers(name: str, number: int, numbered: str) -> None:
    assert numbered_name(name, number) == numbered


@pytest.mark.parametrize("stem", ["x" * 251, "\u96e8" * 83 + "xx", "\udcff" * 251])
def test_a_numbered_name_is_never_too_long(stem: str, tmp_path: Path) -> None:
    name = numbered_name(f"{stem}.jpg", 12345)
    assert name.endswith(" (12345).jpg")
    assert len(os.fsencode(name)) <= MOST_NAME_BYTES
    if os.name == "posix":
        (tmp_path / name).touch()
