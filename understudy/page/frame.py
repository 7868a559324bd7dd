"""A small plotting frame in SVG: margins, scales, ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from understudy.page.markup import Markup, join, tag

__all__ = ["Frame", "nice_ticks"]


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) that lie in ``[low, high]``, about ``about`` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if raw <= factor * power * (1 + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


@dataclass(frozen=True)
class Frame:
    """A square-cornered plot area; ``x`` and ``y`` are data ranges, sizes are pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 300
    height: float = 268
    left: float = 50
    right: float = 12
    top: float = 10
    bottom: float = 42

    def px(self, value: float) -> float:
        """Horizontal pixel of a data value."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.width - self.left - self.right)

    def py(self, value: float) -> float:
        """Vertical pixel of a data value; up is larger."""
        return self.height - self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * self.inner_height

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom

    def line(self, x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
        """A straight line between two data points."""
        return tag("line", x1=self.px(x1), y1=self.py(y1), x2=self.px(x2), y2=self.py(y2), class_=class_)

    def axes(self, x_title: str, y_title: str) -> Markup:
        """Grid, tick labels and axis titles."""
        ticks_x, ticks_y = nice_ticks(*self.x), nice_ticks(*self.y)
        grid = [self.line(t, self.y[0], t, self.y[1], "grid") for t in ticks_x]
        grid += [self.line(self.x[0], t, self.x[1], t, "grid") for t in ticks_y]
        base = self.height - self.bottom
        labels = [tag("text", f"{t:g}", x=self.px(t), y=base + 15, text_anchor="middle") for t in ticks_x]
        labels += [tag("text", f"{t:g}", x=self.left - 6, y=self.py(t) + 3.5, text_anchor="end") for t in ticks_y]
        middle_x, middle_y = (self.left + self.width - self.right) / 2, self.top + self.inner_height / 2
        titles = (
            tag("text", x_title, x=middle_x, y=self.height - 8, text_anchor="middle", class_="axis"),
            tag(
                "text",
                y_title,
                x=12,
                y=middle_y,
                text_anchor="middle",
                class_="axis",
                transform=f"rotate(-90 12 {middle_y:.0f})",
            ),
        )
        return join(*grid, *labels, *titles)

    def svg(self, *children: str, label: str) -> Markup:
        """The finished picture; ``label`` says in words what it shows."""
        return tag(
            "svg",
            *children,
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            width=self.width,
            height=self.height,
            role="img",
            aria_label=label,
        )
