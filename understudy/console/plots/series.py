"""One measurement over the days, with its interval and its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.console.figures import interval, number
from understudy.console.plots.picture import picture, text
from understudy.console.tables import table
from understudy.console.words import Words
from understudy.page import Frame, Markup, join, nice_ticks, tag

__all__ = ["Level", "Spot", "series"]


@dataclass(frozen=True)
class Spot:
    """One day; ``value`` None: not known."""

    day: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Level:
    """A threshold; kinds: ``warn``, ``bad``."""

    value: float
    kind: str


def series(
    name: str, title: str, spots: Sequence[Spot], words: Words, *, levels: Sequence[Level] = (), chosen: str = ""
) -> Markup:
    """A line over the days, oldest first. Days without a value are gaps; ``chosen`` is marked."""
    frame = _frame(spots, levels)
    drawing = [
        _axes(frame, spots),
        *(_level(frame, level, len(spots)) for level in levels),
        _band(frame, spots),
        *_lines(frame, spots),
        *_dots(frame, spots, chosen),
    ]
    columns = [words("plot.day"), words("plot.value"), words("plot.interval")]
    rows = [(spot.day, number(spot.value), interval(spot.low, spot.high) or "—") for spot in reversed(spots)]
    behind = table(title, columns, rows)
    return picture(name, title, _said(spots, levels, words), frame, drawing, behind, words("plot.table"))


def _said(spots: Sequence[Spot], levels: Sequence[Level], words: Words) -> str:
    known = [spot for spot in spots if spot.value is not None]
    if not known:
        return words("plot.nothing_known")
    last, values = known[-1], [spot.value for spot in known if spot.value is not None]
    said = words("plot.said", last=number(last.value), day=last.day, low=number(min(values)), high=number(max(values)))
    missing = len(spots) - len(known)
    limits = ", ".join(number(level.value) for level in levels)
    return " ".join(
        part
        for part in (
            said,
            words("plot.limits", limits=limits) if limits else "",
            words("plot.gaps", days=missing) if missing else "",
        )
        if part
    )


def _frame(spots: Sequence[Spot], levels: Sequence[Level]) -> Frame:
    """Values and thresholds are in sight; intervals as far as they do not push these together."""
    found = [spot.value for spot in spots if spot.value is not None] + [level.value for level in levels]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    span = (high - low) or abs(high) or 1.0
    ends = [end for spot in spots for end in (spot.low, spot.high) if end is not None]
    low, high = max(min([low, *ends]), low - span), min(max([high, *ends]), high + span)
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    days = (-0.5, max(len(spots) - 0.5, 0.5))
    return Frame(days, (low - (room if low else 0), high + room), 330, 168, 44, 8, 8, 24)


def _axes(frame: Frame, spots: Sequence[Spot]) -> Markup:
    ticks = nice_ticks(*frame.y, about=4)
    grid = [frame.line(frame.x[0], tick, frame.x[1], tick, "grid") for tick in ticks]
    labels = [text(number(tick), frame.left - 6, frame.py(tick) + 3.5, "end") for tick in ticks]
    step = max(1, (len(spots) + 4) // 5)
    places = range(len(spots) - 1, -1, -step)
    days = [text(spots[at].day[5:], frame.px(at), frame.height - 8) for at in places]
    return join(*grid, *labels, *days)


def _level(frame: Frame, level: Level, days: int) -> Markup:
    del days
    return frame.line(frame.x[0], level.value, frame.x[1], level.value, f"level {level.kind}")


def _band(frame: Frame, spots: Sequence[Spot]) -> Markup:
    """The interval of each day as a bar, cut at the edges of the picture: gaps stay gaps."""
    half = min(4.0, (frame.px(1) - frame.px(0)) / 2.6)
    bars = []
    for at, spot in enumerate(spots):
        if spot.low is None or spot.high is None:
            continue
        top, bottom = (frame.py(min(max(end, frame.y[0]), frame.y[1])) for end in (spot.high, spot.low))
        left, height = frame.px(at) - half, max(0.8, bottom - top)
        bars.append(tag("rect", x=left, y=top, width=2 * half, height=height, class_="band"))
    return join(*bars)


def _lines(frame: Frame, spots: Sequence[Spot]) -> list[Markup]:
    runs: list[list[str]] = [[]]
    for at, spot in enumerate(spots):
        if spot.value is None:
            runs.append([])
        else:
            runs[-1].append(f"{frame.px(at):.1f},{frame.py(spot.value):.1f}")
    return [tag("polyline", points=" ".join(run), class_="line") for run in runs if len(run) > 1]


def _dots(frame: Frame, spots: Sequence[Spot], chosen: str) -> list[Markup]:
    return [
        tag(
            "circle",
            cx=frame.px(at),
            cy=frame.py(spot.value),
            r=4.0 if spot.day == chosen else 2.0,
            class_="dot chosen" if spot.day == chosen else "dot",
        )
        for at, spot in enumerate(spots)
        if spot.value is not None
    ]
