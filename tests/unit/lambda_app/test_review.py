"""Who is looked at by a person."""

from __future__ import annotations

import pytest
import tiny_bundle

from lambda_app.review import review_tier


@pytest.mark.parametrize(
    ("product", "score", "tier"),
    [
        ("saver", 0.9, 1),
        ("saver", 0.16, 1),
        ("saver", 0.149, 2),
        ("home_loan", 0.9, 2),
        ("index_fund", 0.9, 1),
        ("growth_fund", 0.9, 2),
        ("mystery_fund", 0.9, 2),
    ],
)
def test_the_rule(product: str, score: float, tier: int) -> None:
    found = next(p for p in tiny_bundle.catalog().products if p.id == product)
    assert review_tier(found, score, 0.10) == tier
