"""The four pictures of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from distill.report._curves import Hexagons, Point
from distill.report._words import MODELS, number
from understudy.contracts.gates import Measure
from understudy.page.frame import Frame
from understudy.page.markup import Markup, join, tag

__all__ = ["SHAPES", "gate_bars", "hexagon_plot", "interval_strip", "legend", "marker", "reliability_plot"]

SHAPES = {"teacher": "circle", "distilled": "diamond", "direct": "square"}


def marker(model: str, x: float, y: float, size: float = 4) -> Markup:
    """A model's mark: its shape tells it apart where colour cannot."""
    shape = SHAPES[model]
    if shape == "circle":
        return tag("circle", cx=x, cy=y, r=size, class_=model)
    if shape == "square":
        return tag("rect", x=x - size * 0.9, y=y - size * 0.9, width=size * 1.8, height=size * 1.8, class_=model)
    r = size * 1.3
    return tag("path", d=f"M{x:.1f} {y - r:.1f}l{r:.1f} {r:.1f}l{-r:.1f} {r:.1f}l{-r:.1f} {-r:.1f}z", class_=model)


def legend(*, ceiling: bool = False) -> Markup:
    """Which mark is which model."""
    marks = {model: marker(model, 6, 6) for model in SHAPES}
    if ceiling:
        marks["ceiling"] = tag("line", x1=6, x2=6, y1=0, y2=12, class_="ceiling")
    keys = (
        tag("span", tag("svg", mark, viewBox="0 0 12 12", width=12, height=12, aria_hidden="true"), MODELS[model])
        for model, mark in marks.items()
    )
    return tag("div", *keys, class_="legend")


def reliability_plot(
    series: Mapping[str, Sequence[Point]], limits: tuple[float, float], titles: tuple[str, str]
) -> Markup:
    """Observed against predicted per model, on the diagonal if calibrated; whiskers are 95 % intervals."""
    frame = Frame(limits, limits)
    marks: list[Markup] = []
    for model, points in series.items():
        path = " ".join(f"{frame.px(p.predicted):.1f},{_clip(frame, p.observed):.1f}" for p in points)
        marks.append(tag("polyline", points=path, class_=f"{model} curve"))
        for p in points:
            x = frame.px(p.predicted)
            marks.append(
                tag("line", x1=x, x2=x, y1=_clip(frame, p.low), y2=_clip(frame, p.high), class_=f"{model} whisker")
            )
            marks.append(marker(model, x, _clip(frame, p.observed), 3.2))
    diagonal = frame.line(limits[0], limits[0], limits[1], limits[1], "diagonal")
    return frame.svg(frame.axes(*titles), diagonal, *marks, label=f"Reliability of {', '.join(series)}")


def _clip(frame: Frame, value: float) -> float:
    return min(max(frame.py(value), frame.top), frame.height - frame.bottom)


def hexagon_plot(cells: Hexagons, titles: tuple[str, str]) -> Markup:
    """Student against teacher: rows per hexagon in five steps of a logarithmic scale."""
    frame = Frame((cells.low, cells.high), (cells.low, cells.high))
    span = cells.high - cells.low
    rx = cells.radius * (frame.width - frame.left - frame.right)
    ry = cells.radius * frame.inner_height
    paths: dict[int, list[str]] = {}
    top = math.log(max(2, int(cells.counts.max(initial=1))))
    for (x, y), count in zip(cells.centres, cells.counts, strict=True):
        level = 1 + min(4, int(5 * math.log(int(count)) / top)) if count > 1 else 1
        paths.setdefault(level, []).append(
            _hexagon(frame.px(cells.low + x * span), frame.py(cells.low + y * span), rx, ry)
        )
    shapes = [tag("path", d="".join(d), class_=f"hex level{level}") for level, d in sorted(paths.items())]
    diagonal = frame.line(cells.low, cells.low, cells.high, cells.high, "diagonal")
    return frame.svg(frame.axes(*titles), *shapes, diagonal, label="Student against teacher, row by row")


def _hexagon(x: float, y: float, rx: float, ry: float) -> str:
    dx, dy = rx * math.sqrt(3) / 2, ry / 2
    return f"M{x:.1f} {y - ry:.1f}l{dx:.1f} {dy:.1f}v{ry:.1f}l{-dx:.1f} {dy:.1f}l{-dx:.1f} {-dy:.1f}v{-ry:.1f}z"


def gate_bars(weights: Mapping[str, float]) -> Markup:
    """Mean gate weight of each expert, largest first; the dashed line is an even share."""
    width, left, row = 300.0, 118.0, 24.0
    scale = (width - left - 46) / max(1e-9, *weights.values())
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    height = row * len(ordered) + 22
    bars = [
        join(
            tag("text", name.replace("_", " "), x=left - 8, y=i * row + 20, text_anchor="end", class_="name"),
            tag("rect", x=left, y=i * row + 8, width=max(0.5, weight * scale), height=row - 9, class_="bar"),
            tag("text", f"{100 * weight:.1f} %", x=width - 2, y=i * row + 20, text_anchor="end"),
        )
        for i, (name, weight) in enumerate(ordered)
    ]
    even = left + scale / len(ordered)
    line = tag("line", x1=even, x2=even, y1=4, y2=height - 14, class_="diagonal")
    note = tag("text", "even share", x=even, y=height - 3, text_anchor="middle")
    return Frame((0, 1), (0, 1), width=width, height=height).svg(*bars, line, note, label="Gate weights of the experts")


def interval_strip(measures: Mapping[str, Measure | None], ceiling: float | None) -> Markup | None:
    """The models' values and intervals on one scale of their own, one line each."""
    known = {m: x for m, x in measures.items() if m in SHAPES and x is not None and x.value is not None}
    ends = [v for x in known.values() for v in (x.value, x.low, x.high) if v is not None]
    if not ends:
        return None
    low, high = min(ends), max([*ends, ceiling] if ceiling is not None else ends)
    pad = max((high - low) * 0.06, abs(high) * 1e-3, 1e-6)
    frame = Frame((low - pad, high + pad), (0, 1), width=150, height=50, left=6, right=6, top=2, bottom=14)
    marks = [_strip_row(frame, model, x, 8.0 + 11 * i) for i, (model, x) in enumerate(known.items())]
    if ceiling is not None:
        marks.append(frame.line(ceiling, 0, ceiling, 1, "ceiling"))
    scale = (
        tag("text", number(low), x=6, y=48),
        tag("text", number(high), x=144, y=48, text_anchor="end"),
    )
    said = ", ".join(f"{MODELS[m]} {number(x.value)}" for m, x in known.items())
    return frame.svg(*marks, *scale, label=said)


def _strip_row(frame: Frame, model: str, measure: Measure, y: float) -> Markup:
    mark = marker(model, frame.px(measure.value or 0.0), y, 3.2)
    if measure.low is None or measure.high is None:
        return mark
    x1, x2 = frame.px(measure.low), frame.px(measure.high)
    return join(tag("line", x1=x1, x2=x2, y1=y, y2=y, class_=f"{model} whisker"), mark)
