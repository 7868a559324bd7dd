"""Named values as bars from zero, one below the other, with thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.console.figures import number
from understudy.console.plots.picture import picture, shortened, text
from understudy.console.plots.series import Level
from understudy.console.tables import table
from understudy.console.words import Words
from understudy.page import Frame, Markup, join, nice_ticks, tag

__all__ = ["Bar", "bars"]

ROW = 20.0


@dataclass(frozen=True)
class Bar:
    """A name and its value, which may be negative."""

    name: str
    value: float


def bars(
    name: str, title: str, found: Sequence[Bar], words: Words, *, levels: Sequence[Level] = (), columns: tuple[str, str]
) -> Markup:
    """Bars in the given order. ``columns`` names the two columns of the table."""
    frame = _frame(found, levels)
    drawing = [
        _axis(frame),
        *(_level(frame, level) for level in levels),
        *(_bar(frame, at, bar, levels) for at, bar in enumerate(found)),
    ]
    behind = table(title, columns, [(bar.name, number(bar.value)) for bar in found])
    largest = max(found, key=lambda bar: abs(bar.value), default=None)
    said = words("plot.largest", name=largest.name, value=number(largest.value)) if largest else words("plot.nothing")
    return picture(name, title, said, frame, drawing, behind, words("plot.table"))


def _frame(found: Sequence[Bar], levels: Sequence[Level]) -> Frame:
    values = [0.0, *(bar.value for bar in found), *(level.value for level in levels)]
    low, high = min(values), max(values)
    room = 0.22 * (high - low) or 1.0
    left = 16 + 6.2 * max((len(shortened(bar.name)) for bar in found), default=8)
    height = ROW * max(1, len(found)) + 34
    return Frame(
        (low - (0.03 * room if low < 0 else 0), high + room), (0, max(1, len(found))), 400, height, left, 8, 6, 28
    )


def _row(frame: Frame, at: int) -> float:
    return frame.top + ROW * at + ROW / 2


def _axis(frame: Frame) -> Markup:
    ticks = nice_ticks(*frame.x, about=5)
    base = frame.height - frame.bottom
    return join(
        *(frame.line(tick, frame.y[0], tick, frame.y[1], "base" if tick == 0 else "grid") for tick in ticks),
        *(text(number(tick), frame.px(tick), base + 15) for tick in ticks),
    )


def _level(frame: Frame, level: Level) -> Markup:
    return frame.line(level.value, frame.y[0], level.value, frame.y[1], f"level {level.kind}")


def _bar(frame: Frame, at: int, bar: Bar, levels: Sequence[Level]) -> Markup:
    zero, end, middle = frame.px(0), frame.px(bar.value), _row(frame, at)
    over = [level.kind for level in levels if bar.value >= level.value]
    kind = over[-1] if over else ("plain" if bar.value >= 0 else "against")
    width = max(1.0, abs(end - zero))
    label = max(zero, end) + 4  # right of the axis too if the bar goes left, where the names are
    return join(
        text(shortened(bar.name), frame.left - 8, middle + 3.5, "end", "name"),
        tag("rect", x=min(zero, end), y=middle - 6, width=width, height=12.0, class_=f"bar {kind}"),
        text(number(bar.value), label, middle + 3.5, "start", "amount"),
    )
