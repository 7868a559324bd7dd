"""Hear three jurors, in parallel, on every item that warned or failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime

from agents.jury.arbiter import SEATS, arbitrate
from agents.jury.case import Case
from agents.jury.case_store import CaseStore
from agents.jury.exhibits import Exhibits, Past, exhibits, summary
from agents.jury.judges import PERSPECTIVES, Judge
from understudy.contracts.watch import ItemResult, JuryOutcome, Vote

__all__ = ["Jury"]

HEARING_SECONDS = 600.0
SHOWN = 3  # past cases per item


class Jury:
    """At most one judge for each perspective; an empty seat is an absent vote, so a jury of none has no quorum.

    Args:
        judges: Who sits.
        rounds: 2: where the first votes differ, each juror reads the others' reasons and votes again. That helps
            weaker models, and makes jurors agree who should not; the first votes are kept, and a FAIL among them too.
        now: The clock.
    """

    def __init__(
        self,
        judges: Sequence[Judge],
        *,
        rounds: int = 1,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if len({judge.perspective for judge in judges}) < len(judges):
            raise ValueError("two judges share a perspective")
        if rounds not in (1, 2):
            raise ValueError("there are one or two rounds")
        self._judges = {judge.perspective: judge for judge in judges}
        self._rounds = rounds
        self._now = now

    def hear(
        self,
        results: Sequence[ItemResult],
        cases: CaseStore,
        *,
        remaining: Callable[[], float] = lambda: HEARING_SECONDS,
    ) -> list[JuryOutcome]:
        """One outcome for each of ``results`` that warned or failed, in their order; what was said becomes a case.

        A hearing in which nobody could speak leaves no case.
        """
        heard = [result for result in results if result.status in ("WARN", "FAIL")]
        pool = ThreadPoolExecutor(max_workers=SEATS, thread_name_prefix="juror")
        try:
            return [self._one(pool, result, cases, remaining) for result in heard]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(
        self, pool: ThreadPoolExecutor, result: ItemResult, cases: CaseStore, remaining: Callable[[], float]
    ) -> JuryOutcome:
        text = summary(result)
        past: list[Past] = []
        if self._judges:
            past = cases.similar(text, before=result.measurement.period, limit=SHOWN)
        shown = exhibits(result, past)
        votes = self._round(pool, shown, {}, remaining)
        first: list[Vote] = []
        if self._rounds == 2 and len({vote.vote for vote in votes if vote.vote}) > 1:
            first = votes
            again = self._round(pool, shown, {vote.perspective: vote for vote in first}, remaining)
            # Who could not speak a second time stands by the first vote.
            votes = [new if new.vote or not old.vote else old for new, old in zip(again, first, strict=True)]
        outcome = arbitrate(result, votes, first_round=first, shown=[one.case.id for one in past])
        return self._kept(result, text, outcome, cases)

    def _kept(self, result: ItemResult, text: str, outcome: JuryOutcome, cases: CaseStore) -> JuryOutcome:
        if not any(vote.vote for vote in [*outcome.votes, *outcome.first_round]):
            return outcome
        case = Case(
            period=result.measurement.period,
            item=result.item.id,
            title=result.item.title,
            status=result.status,
            summary=text,
            value=result.measurement.value,
            evidence=result.measurement.evidence,
            outcome=outcome,
            made=self._now().isoformat(timespec="seconds"),
        )
        cases.add(case)
        return outcome.model_copy(update={"case": case.id})

    def _round(
        self, pool: ThreadPoolExecutor, shown: Exhibits, before: dict[str, Vote], remaining: Callable[[], float]
    ) -> list[Vote]:
        asked: list[Future[Vote] | None] = []
        for perspective in PERSPECTIVES:
            judge = self._judges.get(perspective)
            others = [vote for name, vote in before.items() if name != perspective and vote.vote is not None]
            asked.append(pool.submit(judge.vote, shown, others, remaining=remaining) if judge else None)
        return [
            _answer(perspective, future, remaining) for perspective, future in zip(PERSPECTIVES, asked, strict=True)
        ]


def _answer(perspective: str, future: Future[Vote] | None, remaining: Callable[[], float]) -> Vote:
    """The vote, or why there is none: a juror that died or hangs has not agreed."""
    if future is None:
        return _absent(perspective, "no_model")
    try:
        return future.result(timeout=max(0.0, remaining()))
    except FutureTimeoutError:
        future.cancel()
        return _absent(perspective, "no_time")
    except Exception as error:
        return _absent(perspective, f"died: {type(error).__name__}")


def _absent(perspective: str, error: str) -> Vote:
    return Vote.model_validate({"perspective": perspective, "vote": None, "reason": "", "juror": "", "error": error})
