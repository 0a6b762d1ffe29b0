"""How large a picture may be that is decoded, and the budget that it shares with others; knows nothing of Pillow."""

from dataclasses import dataclass

from model.pixel_budget import PROCESS_BUDGET, PixelBudget

DEFAULT_PIXEL_LIMIT = 260_000_000
"""Pictures with more pixels are refused. Phones make pictures of 200 megapixels."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The most pixels that one picture may have, and the budget of what may be in decode at one time."""

    pixels: int = DEFAULT_PIXEL_LIMIT
    budget: PixelBudget = PROCESS_BUDGET
