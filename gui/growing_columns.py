"""Columns of the results table that grow as rows are added. No Qt."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def grown(column: NDArray[Any], size: int) -> NDArray[Any]:
    """Return `column` with room for `size` entries; doubling keeps many small additions cheap."""
    if len(column) >= size:
        return column
    larger = np.empty((max(size, 2 * len(column), 256), *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger
