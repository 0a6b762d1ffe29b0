"""How sure a share of right answers is, given how many were counted."""

import math
from statistics import NormalDist

from model.evaluation_types import Estimate

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def wilson(successes: int, count: int) -> Estimate:
    """Return the share `successes / count` with its 95 % score interval; `count` must be above 0.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927). Unlike the normal interval it stays inside 0..1 and is not empty at 0 and 1.
    """
    if not 0 <= successes <= count or count < 1:
        raise ValueError(f"{successes} of {count} is no share")
    share = successes / count
    spread = _Z * _Z / count
    centre = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    # The share lies inside by construction; min and max only take back what rounding put on the wrong side of it.
    return Estimate(share, low=min(share, max(0.0, centre - half)), high=max(share, min(1.0, centre + half)))
