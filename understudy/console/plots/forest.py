"""Intervals one below the other, and the range in which they should lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.console.figures import interval, number
from understudy.console.plots.picture import picture, shortened, text
from understudy.console.tables import table
from understudy.console.words import Words
from understudy.page import Frame, Markup, join, nice_ticks, tag

__all__ = ["Span", "forest"]

ROW = 34.0
MOST = 16
WIDEST = 54  # characters of a name
NAMED = 6


@dataclass(frozen=True)
class Span:
    """A group: its value, the interval, how many rows it rests on; ``known``: that it is off is known from before."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    rows: int | None
    known: bool = False


def forest(
    name: str, title: str, found: Sequence[Span], words: Words, *, zone: tuple[float, float], columns: Sequence[str]
) -> Markup:
    """One row for each group, those farthest from the middle of the zone where there are many; the table has all.

    ``columns`` names the five columns of the table.
    """
    farthest = sorted(found, key=lambda one: -_distance(one.value, zone))[:MOST]
    drawn = [one for one in found if one in farthest]
    frame = _frame(drawn, zone)
    drawing = [_zone(frame, zone), _axis(frame), *(_span(frame, at, one, zone) for at, one in enumerate(drawn))]
    rows = [_row(one, words) for one in found]
    outside = [one.name for one in found if _outside(one, zone)]
    said = words("plot.outside", names=_listed(outside)) if outside else words("plot.inside", groups=len(found))
    if len(drawn) < len(found):
        said = f"{said} {words('plot.drawn', drawn=len(drawn), all=len(found))}"
    if any(one.known for one in drawn):
        said = f"{said} {words('plot.hollow')}"
    return picture(name, title, said, frame, drawing, table(title, columns, rows), words("plot.table"))


def _row(one: Span, words: Words) -> tuple[str, str, str, str, str]:
    since = words("plot.known") if one.known else "—"
    return one.name, number(one.value), interval(one.low, one.high) or "—", number(one.rows), since


def _distance(value: float | None, zone: tuple[float, float]) -> float:
    """From the middle of the zone; of ratios, a third is as far as three. What is not known is farthest."""
    if value is None:
        return math.inf
    if zone[0] > 0:
        return abs(math.log(max(value, 1e-12) / math.sqrt(zone[0] * zone[1])))
    return abs(value - sum(zone) / 2)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" + {len(names) - NAMED}" if len(names) > NAMED else "")


def _outside(one: Span, zone: tuple[float, float]) -> bool:
    return one.value is not None and not zone[0] <= one.value <= zone[1]


def _frame(found: Sequence[Span], zone: tuple[float, float]) -> Frame:
    """As wide as the values want, but the zone stays in sight: beyond five times its width they stand at the edge."""
    values = [v for one in found for v in (one.value, one.low, one.high) if v is not None] + list(zone)
    width = zone[1] - zone[0]
    low, high = max(min(values), zone[0] - 2 * width), min(max(values), zone[1] + 2 * width)
    room = 0.06 * (high - low)
    height = ROW * max(1, len(found)) + 34
    return Frame((low - room, high + room), (0, max(1, len(found))), 380, height, 4, 4, 6, 28)


def _px(frame: Frame, value: float) -> float:
    return frame.px(min(max(value, frame.x[0]), frame.x[1]))


def _zone(frame: Frame, zone: tuple[float, float]) -> Markup:
    left, right = frame.px(zone[0]), frame.px(zone[1])
    return tag("rect", x=left, y=frame.top, width=right - left, height=frame.inner_height, class_="zone")


def _axis(frame: Frame) -> Markup:
    ticks = nice_ticks(*frame.x, about=5)
    base = frame.height - frame.bottom
    return join(
        *(frame.line(tick, frame.y[0], tick, frame.y[1], "grid") for tick in ticks),
        *(text(number(tick), frame.px(tick), base + 15) for tick in ticks),
    )


def _span(frame: Frame, at: int, one: Span, zone: tuple[float, float]) -> Markup:
    """The name above, so that it may be long on a narrow screen, and the interval below it."""
    top = frame.top + ROW * at
    middle = top + 0.72 * ROW
    kind = ("known" if one.known else "bad") if _outside(one, zone) else "plain"
    label = text(shortened(one.name, WIDEST), frame.left + 2, top + 13, "start", "name")
    if one.value is None:
        return join(label, text("?", frame.px(sum(zone) / 2), middle + 3.5))
    whisker = (
        tag("line", x1=_px(frame, one.low), y1=middle, x2=_px(frame, one.high), y2=middle, class_=f"whisker {kind}")
        if one.low is not None and one.high is not None
        else None
    )
    amount = text(number(one.value), frame.width - 4, top + 13, "end", "amount")
    return join(
        label, amount, whisker, tag("circle", cx=_px(frame, one.value), cy=middle, r=4.0, class_=f"spot {kind}")
    )
