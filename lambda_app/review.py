"""Which recommendations a person looks at."""

from __future__ import annotations

from typing import Literal

from understudy.contracts.catalog import Product

__all__ = ["NEAR_THRESHOLD", "RISK_REVIEWED", "review_tier"]

NEAR_THRESHOLD = 0.05
RISK_REVIEWED = 4


def review_tier(product: Product, score: float, min_score: float) -> Literal[1, 2, 3]:
    """1: delivered automatically. 2: delivered and queued for a person within 24 hours.

    Tier 2 are loans, products of risk 4 and 5 (or unknown risk), and scores within 0.05 of the ranking threshold, where
    a small error of the model decides. Tier 3 (withheld until a person decides) is reserved for a person's instruction.
    """
    risky = product.risk_level is None or product.risk_level >= RISK_REVIEWED
    if product.type == "loan" or risky or score - min_score <= NEAR_THRESHOLD:
        return 2
    return 1
