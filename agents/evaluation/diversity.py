"""Do customers with different facts hear different reasons, and the same customer the same one?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from pydantic import Field

from understudy.contracts._model import Contract

__all__ = ["Diversity", "Told", "diversity"]

_WORDS = re.compile(r"[^\W\d_]+")
# Pairs per product; a product with more is sampled by taking every n-th reason.
MOST = 150


class Told(Contract):
    """One delivered reason, with its product and the keys of the facts in it."""

    product: str
    facts: tuple[str, ...]
    text: str


class Diversity(Contract):
    """Over pairs of reasons for one product.

    ``different``: of the pairs whose facts differ, the share whose texts differ (numbers apart). ``distance``: the mean
    Jaccard distance of the words of those pairs, 0 where all say the same. None: there was no such pair.
    """

    different: float | None = Field(ge=0, le=1)
    distance: float | None = Field(ge=0, le=1)
    pairs: int
    texts: int = Field(description="distinct texts, numbers apart")


def diversity(told: Sequence[Told]) -> Diversity:
    """Compare the reasons for each product with each other."""
    by_product: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_product[one.product].append(one)
    pairs = different = 0
    distance = 0.0
    for reasons in by_product.values():
        step = -(-len(reasons) // MOST)
        words = [(one.facts, frozenset(_WORDS.findall(one.text.lower())), _bare(one.text)) for one in reasons[::step]]
        for (facts, mine, text), (others, theirs, other) in combinations(words, 2):
            if set(facts) == set(others):
                continue
            pairs += 1
            different += text != other
            distance += 1 - len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0
    return Diversity(
        different=different / pairs if pairs else None,
        distance=distance / pairs if pairs else None,
        pairs=pairs,
        texts=len({_bare(one.text) for one in told}),
    )


def _bare(text: str) -> str:
    return re.sub(r"\d", "#", text)
