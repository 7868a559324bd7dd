"""How often was the minority right? A question to the case store, once outcomes are known."""

from __future__ import annotations

from collections import defaultdict

from pydantic import Field

from agents.jury.case_store import CaseStore
from understudy.contracts._model import Contract
from understudy.wilson import wilson

__all__ = ["MinorityRecord", "PerspectiveRecord", "minority_record"]

QUERY = """
SELECT votes.case_id, votes.perspective, votes.vote, cases.decision, latest.turned_out
FROM votes JOIN cases ON cases.id = votes.case_id
LEFT JOIN outcomes AS latest ON latest.case_id = cases.id
    AND latest.at = (SELECT max(at) FROM outcomes WHERE case_id = cases.id)
WHERE votes.dissents = 1 AND cases.decision IS NOT NULL
ORDER BY votes.case_id, votes.perspective
"""


class PerspectiveRecord(Contract):
    """One perspective in the minority: how often, in how many the outcome is known, and how often it was right."""

    dissents: int
    known: int
    right: int


class MinorityRecord(Contract):
    """Over all dissenting votes; ``share`` is ``right / known``, with its 95 % Wilson interval."""

    cases: int = Field(description="cases with a dissent")
    dissents: int
    known: int = Field(description="dissenting votes in cases whose outcome is known")
    right: int = Field(description="... that said what the case turned out to be")
    majority_right: int = Field(description="... against a decision that was right")
    share: float | None
    low: float | None
    high: float | None
    perspectives: dict[str, PerspectiveRecord]


def minority_record(store: CaseStore) -> MinorityRecord:
    """Count the dissent of ``store`` against what cases turned out to be."""
    rows = store.query(QUERY)
    by: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    known = right = majority = 0
    for _, perspective, vote, decision, turned_out in rows:
        mine = by[str(perspective)]
        mine[0] += 1
        if turned_out is None:
            continue
        known += 1
        right += vote == turned_out
        majority += decision == turned_out
        mine[1] += 1
        mine[2] += vote == turned_out
    low, high = wilson(right / known, known) if known else (None, None)
    return MinorityRecord(
        cases=len({row[0] for row in rows}),
        dissents=len(rows),
        known=known,
        right=right,
        majority_right=majority,
        share=right / known if known else None,
        low=low,
        high=high,
        perspectives={name: PerspectiveRecord(dissents=n, known=k, right=r) for name, (n, k, r) in sorted(by.items())},
    )
