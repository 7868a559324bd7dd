"""The checklist as data: read, with a bank's own thresholds, and refused where a threshold cannot be reached."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field

from understudy.contracts._model import Contract, validated
from understudy.contracts.watch import Item
from understudy.errors import UserError

__all__ = ["Override", "load_items"]


class Override(Contract):
    """Thresholds of one item that differ from the shipped ones."""

    warn: float | None = None
    fail: float | None = None
    why: str = Field(min_length=10, description="what a reader of the report is told")


def load_items(config: Path | None = None) -> list[Item]:
    """The 53 items, with the thresholds of ``config`` (a TOML of ``[<item id>]`` tables: `Override`) where it has any.

    Raises:
        UserError: the config names no such item, has another key, or a threshold that the measurement cannot reach.
    """
    shipped = tomllib.loads((files("agents.checklist") / "items.toml").read_text(encoding="utf-8"))["items"]
    changes = _overrides(config) if config else {}
    items = [validated(Item, _finite(row) | _changed(changes.pop(row["id"], None)), row["id"]) for row in shipped]
    if changes:
        raise UserError(f"no such item: {', '.join(sorted(changes))}", where=str(config), fix="Use ids like P5-03.")
    for item in items:
        fault = unreachable(item)
        if fault:
            raise UserError(f"{item.id}: {fault}", where=str(config or "items.toml"), fix="Correct the threshold.")
    return items


def unreachable(item: Item) -> str | None:
    """Why the item could never pass, warn or fail; None if it can."""
    low, high = (_bound(item.range[0], -math.inf), _bound(item.range[1], math.inf))
    if item.direction == "present":
        return "it is there or not, and has no thresholds" if (item.warn, item.fail) != (None, None) else None
    if item.fail is None:
        return "it has no threshold"
    if item.direction == "outside":
        return _outside(item, low, high)
    marks = [mark for mark in (item.warn, item.fail) if mark is not None]
    if not all(low < mark <= high for mark in marks):
        return f"its thresholds {marks} do not lie in what it can take, {_span(low, high)}"
    if item.warn is not None and (item.warn >= item.fail) == (item.direction == "above"):
        return f"it would fail ({item.fail:g}) before it warns ({item.warn:g})"
    return None


def _outside(item: Item, low: float, high: float) -> str | None:
    if item.warn is None or item.fail is None or not item.warn < item.fail:
        return "the bounds must be two, the lower first"
    if not (low <= item.warn and item.fail <= high) or (item.warn == low and item.fail == high):
        return f"nothing can lie outside [{item.warn:g}, {item.fail:g}] within {_span(low, high)}"
    return None


def _bound(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _span(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: an infinite bound is none."""
    return (
        {"part": row["id"][:2]} | row | {"range": tuple(None if math.isinf(bound) else bound for bound in row["range"])}
    )


def _changed(override: Override | None) -> dict[str, Any]:
    return {} if override is None else override.model_dump(include={"warn", "fail"}, exclude_unset=True)


def _overrides(path: Path) -> dict[str, Override]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), fix="Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path), fix="Correct the named line.") from None
    return {item: validated(Override, table, f"{path}, [{item}]") for item, table in tables.items()}
