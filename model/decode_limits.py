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

    @property
    def memory(self) -> int:
        """The most memory that one picture may take while it is decoded, in units of a decoded pixel's 4 bytes.

        A quarter more than the limit of pixels, so that 260 megapixels of plain JPEG or PNG pass with 1.3 GB, and a
        WebP of a few kilobytes that would take 4 GB does not. Whoever raises the one limit raises the other; lowering
        it changes nothing here.
        """
        return max(self.pixels, DEFAULT_PIXEL_LIMIT) * 5 // 4
