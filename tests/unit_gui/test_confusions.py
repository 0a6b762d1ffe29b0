from pathlib import Path

import numpy as np
import pytest
from evaluation_makers import judged
from hypothesis import given
from hypothesis import strategies as st

from gui.confusions import ClassOrder, confusion_table, pictures_of, pooled, squared

LABELS = ("img10", "Img9", "beach", "dune", "never")
# Pictures of img10, Img9 and beach; some were taken for dune, of which there are none.
CONFUSION = np.array([[3, 0, 0, 1, 0], [0, 5, 1, 0, 0], [2, 0, 1, 0, 0], [0] * 5, [0] * 5], np.int64)


@pytest.mark.parametrize(
    ("order", "rows", "columns"),
    [
        (ClassOrder.NAME, (2, 1, 0), (2, 3, 1, 0)),
        (ClassOrder.FREQUENCY, (1, 0, 2), (1, 0, 2, 3)),
    ],
)
def test_the_classes_that_occur_are_sorted(order: ClassOrder, rows: tuple[int, ...], columns: tuple[int, ...]) -> None:
    table = confusion_table(CONFUSION, LABELS, order)
    assert table.rows == rows
    assert table.columns == columns
    assert table.counts.tolist() == CONFUSION[np.ix_(rows, columns)].tolist()
    assert table.shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0, 1.0])
    place = rows.index(0), columns.index(3)
    assert table.shares[place] == 0.25


def test_squared_has_a_row_for_each_column() -> None:
    table = confusion_table(CONFUSION, LABELS, ClassOrder.NAME)
    assert squared(table).tolist() == CONFUSION[np.ix_(table.columns, table.columns)].tolist()


def test_the_pictures_of_a_cell() -> None:
    images = [judged("a", 0, 1), judged("b", 1, 0), judged("c", 0, 1), judged("d", 0, 0)]
    assert pictures_of(images, 0, 1) == [Path("a"), Path("c")]
    assert pictures_of(images, 0, 0) == [Path("d")]
    assert pictures_of(images, 1, 1) == []


@given(st.integers(1, 40), st.integers(1, 20), st.data())
def test_nothing_is_lost_when_a_matrix_is_made_smaller(size: int, side: int, data: st.DataObject) -> None:
    values = np.zeros((size, size))
    row, column = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    values[row, column] = 0.7
    small = pooled(values, side)
    assert small.shape == (min(size, side),) * 2
    assert np.count_nonzero(small) == 1
    assert small.max() == 0.7
    (where,) = np.argwhere(small)
    assert np.abs(where / len(small) - np.array([row, column]) / size).max() < 1 / len(small)
