"""The small picture of a column: where its training rows lie, and where its test rows do."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.page import Markup, tag

__all__ = ["histogram_pair"]

_WIDTH, _HEIGHT, _MOST_BINS = 132.0, 34.0, 24


def histogram_pair(train: Sequence[int], test: Sequence[int], name: str) -> Markup:
    """Bars for the training rows' share of each bin, a stepped line for the test rows'; the largest bins where there
    are more than 24. What it shows is said in words for those who do not see it."""
    order = sorted(sorted(range(len(train)), key=lambda i: (-train[i], i))[:_MOST_BINS])
    a, b = ([counts[i] / max(1, sum(counts)) for i in order] for counts in (train, test))
    top = max(max(a, default=0.0), max(b, default=0.0), 1e-9)
    width = _WIDTH / max(1, len(order))
    bars = [
        tag(
            "rect",
            x=i * width + 0.5,
            y=_HEIGHT * (1 - v / top),
            width=width - 1,
            height=_HEIGHT * v / top,
            class_="bar",
        )
        for i, v in enumerate(a)
    ]
    points = " ".join(
        f"{x:.1f},{_HEIGHT * (1 - v / top):.1f}" for i, v in enumerate(b) for x in (i * width, (i + 1) * width)
    )
    widest = max(range(len(order)), key=lambda i: abs(a[i] - b[i]), default=0)
    change = f"{100 * a[widest]:.1f} % of training to {100 * b[widest]:.1f} % of test rows"
    return tag(
        "svg",
        *bars,
        tag("polyline", points=points, class_="direct"),
        viewBox=f"0 -1 {_WIDTH:g} {_HEIGHT + 2:g}",
        width=_WIDTH,
        height=_HEIGHT,
        role="img",
        aria_label=f"{name}: largest change of a bin from {change}",
    )
