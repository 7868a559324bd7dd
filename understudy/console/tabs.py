"""Links that lead to the same page in another state."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.page import Markup, tag

__all__ = ["tabs"]


def tabs(label: str, links: Mapping[str, str], current: str) -> Markup:
    """``links``: what it is called -> where it leads; ``current`` is where the reader is."""
    found = [
        tag("li", tag("a", name, href=target, aria_current="page" if target == current else None))
        for name, target in links.items()
    ]
    return tag("nav", tag("ul", *found, class_="tabs"), aria_label=label)
