"""A picture in words and lines: an SVG with title and description, and its table behind."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.page import Frame, Markup, join, tag

__all__ = ["picture", "shortened", "text"]

LONGEST = 30


def picture(
    name: str, title: str, description: str, frame: Frame, drawing: Sequence[Markup], behind: Markup, more: str
) -> Markup:
    """A figure.

    Args:
        name: Unique on the page.
        title: What is shown.
        description: What a reader sees in it, for whoever does not see it.
        frame: Its size.
        drawing: What is drawn.
        behind: The table with the same numbers.
        more: What opens the table.
    """
    svg = tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *drawing,
        viewBox=f"0 0 {frame.width:g} {frame.height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    caption = tag("figcaption", tag("b", title), tag("span", description))
    return tag("figure", caption, svg, tag("details", tag("summary", join(more, _unseen(title))), behind))


def text(words: str, x: float, y: float, anchor: str = "middle", class_: str | None = None) -> Markup:
    """A label."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=class_)


def shortened(name: str, longest: int = LONGEST) -> str:
    """A name that fits into the picture (by default, beside a bar); the table behind has it whole."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _unseen(title: str) -> Markup:
    return tag("span", f": {title}", class_="unseen")
