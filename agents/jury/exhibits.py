"""What a jury is shown: a measurement piece by piece, and past cases; each under an id that a vote can cite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.jury.case import Case, TurnedOut
from understudy.contracts.watch import ItemResult

__all__ = ["Exhibits", "Past", "exhibits", "summary"]

MOST = 10  # entries of a table or list that are shown
TEXT = 400  # characters of a text that are shown


@dataclass(frozen=True)
class Past:
    """A past case, how alike it is (the retrieval's score), and how it turned out, if that is known."""

    case: Case
    score: float
    outcome: TurnedOut | None = None


@dataclass(frozen=True)
class Exhibits:
    """Everything that one juror sees: ``shown`` (E1, E2, ...) and ``cases`` (C1, C2, ...) by id."""

    result: ItemResult
    shown: Mapping[str, Any]
    cases: Mapping[str, Any]
    past: Sequence[Past] = ()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset({*self.shown, *self.cases})


def exhibits(result: ItemResult, past: Sequence[Past] = ()) -> Exhibits:
    """Lay out ``result`` and the ``past`` cases. Tables are cut to their largest entries, texts to their beginning."""
    item, found = result.item, result.measurement
    pieces: list[Any] = [
        {"measured": found.name, "value": found.value, "unit": found.unit, "status": result.status, "why": found.why},
        {"warns": item.warn, "fails": item.fail, "worse": item.direction},
    ]
    if found.low is not None or found.high is not None:
        pieces.append({"interval": [found.low, found.high], "kind": found.interval or "95 %", "counted_over": found.n})
    elif found.n is not None:
        pieces.append({"counted_over": found.n})
    pieces += [{name: shortened(value)} for name, value in sorted(found.detail.items())]
    pieces += [{"source": one.kind, "ref": one.ref} for one in found.evidence[:MOST]]
    return Exhibits(
        result,
        {f"E{n}": piece for n, piece in enumerate(pieces, start=1)},
        {f"C{n}": _told(one) for n, one in enumerate(past, start=1)},
        tuple(past),
    )


def shortened(value: Any) -> Any:
    """``value`` in a size that a juror can read: of numbers by name the largest, of lists the first."""
    if isinstance(value, Mapping):
        numeric = all(isinstance(one, (int, float)) for one in value.values())
        ranked = sorted(value, key=lambda name: (-abs(value[name]) if numeric else 0, str(name)))
        kept = {name: shortened(value[name]) for name in ranked[:MOST]}
        return kept | ({"left_out": len(value) - MOST} if len(value) > MOST else {})
    if isinstance(value, (list, tuple)):
        kept_items = [shortened(one) for one in value[:MOST]]
        return [*kept_items, f"and {len(value) - MOST} more"] if len(value) > MOST else kept_items
    if isinstance(value, str) and len(value) > TEXT:
        return value[:TEXT] + "…"
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value


def summary(result: ItemResult) -> str:
    """The item's finding in words: what past cases are kept under and looked up by."""
    item, found = result.item, result.measurement
    value = "not measured" if found.value is None else f"{found.value:.4g} {found.unit}".strip()
    parts = [f"{item.title}: {found.name} {value}, {result.status}"]
    parts += [found.why] if found.why else []
    parts += [f"{name}: {_words(shortened(entry))}" for name, entry in sorted(found.detail.items())]
    return ". ".join(parts)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return str(value)


def _told(past: Past) -> dict[str, Any]:
    case, outcome = past.case, past.outcome
    told: dict[str, Any] = {
        "item": case.item,
        "period": case.period,
        "summary": case.summary[: 3 * TEXT],
        "verdict": case.outcome.verdict,
        "decision": case.outcome.decision,
        "dissent": [{"vote": vote.vote, "reason": vote.reason[:TEXT]} for vote in case.outcome.dissent],
    }
    if outcome is not None:
        told["turned_out"] = {"as": outcome.turned_out, "note": outcome.note[:TEXT]}
    return told
