"""Count three votes. Whoever could not vote is never counted as agreeing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from understudy.contracts.watch import ItemResult, JuryOutcome, Verdict, Vote

__all__ = ["QUORUM", "SEATS", "arbitrate"]

SEATS = 3
QUORUM = 2
Decision = Literal["PASS", "WARN", "FAIL"]
SEVERITY: dict[Decision, int] = {"PASS": 0, "WARN": 1, "FAIL": 2}


def arbitrate(
    result: ItemResult,
    votes: Sequence[Vote],
    *,
    first_round: Sequence[Vote] = (),
    shown: Sequence[str] = (),
) -> JuryOutcome:
    """What the votes come to.

    - ``CONSENSUS``: all three voted, and the same.
    - ``MAJORITY``: two agree; the third is absent, or differs and does not say FAIL.
    - ``MINORITY_REPORT``: two agree and the third says FAIL; or all three differ, and the strictest counts.
    - ``NO_QUORUM``: fewer than two voted, or two did and disagree. There is no decision.

    The item stays open without a quorum, when any juror says FAIL (in either round), and when what failed is a fact
    (the item's direction is ``present``: a checksum, a chain): that is not a matter of opinion.
    """
    cast: list[tuple[Decision, Vote]] = [(vote.vote, vote) for vote in votes if vote.vote is not None]
    verdict, decision = _verdict([said for said, _ in cast])
    failed = any(vote.vote == "FAIL" for vote in [*votes, *first_round])
    fact = result.item.direction == "present" and result.status == "FAIL"
    return JuryOutcome(
        item=result.item.id,
        period=result.measurement.period,
        verdict=verdict,
        decision=decision,
        open=decision is None or decision == "FAIL" or failed or fact,
        votes=list(votes),
        dissent=_dissent(decision, cast, first_round),
        shown=list(shown),
        first_round=list(first_round),
    )


def _verdict(cast: Sequence[Decision]) -> tuple[Verdict, Decision | None]:
    if len(cast) < QUORUM:
        return "NO_QUORUM", None
    (leading, count), *others = Counter(cast).most_common()
    if count == 1:
        if len(cast) < SEATS:
            return "NO_QUORUM", None
        return "MINORITY_REPORT", max(cast, key=SEVERITY.__getitem__)
    if count == SEATS:
        return "CONSENSUS", leading
    return ("MINORITY_REPORT" if any(said == "FAIL" for said, _ in others) else "MAJORITY"), leading


def _dissent(
    decision: Decision | None, cast: Sequence[tuple[Decision, Vote]], first_round: Sequence[Vote]
) -> list[Vote]:
    """Who voted otherwise, and who did before hearing the others: giving in does not undo what was seen."""
    if decision is None:
        return []
    final = [vote for said, vote in cast if said != decision]
    held = {vote.perspective for vote in final}
    swayed = [vote for vote in first_round if vote.vote not in (None, decision) and vote.perspective not in held]
    return [*final, *swayed]
