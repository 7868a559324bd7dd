"""Defaults, presets, and searches that cannot be run."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from distill import DistillConfig


@pytest.mark.parametrize(("rows", "leaves"), [(500, 15), (50_000, 31), (500_000, 63)])
def test_more_rows_get_larger_trees(rows: int, leaves: int) -> None:
    assert DistillConfig.for_rows(rows).shapes[0].leaves == leaves


def test_quick_spends_less() -> None:
    slow, quick = DistillConfig.for_rows(4000), DistillConfig.for_rows(4000, quick=True)
    assert quick.budget < slow.budget
    assert quick.rounds < slow.rounds
    assert quick.many_rounds < slow.many_rounds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alphas": (0.5, 1.0)}, "0 among them"),
        ({"alphas": (0.0, 1.5)}, "between 0 and 1"),
        ({"alphas": (0.0, 0.5, 0.5)}, "distinct"),
        ({"alphas": (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)}, "more than the budget"),
        ({"budget": 7}, "as many shapes"),
    ],
)
def test_a_search_that_cannot_be_run_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DistillConfig.model_validate(DistillConfig().model_dump() | change)
