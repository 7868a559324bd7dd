"""Build HTML and SVG from nested calls; text is escaped unless it is already markup."""

from __future__ import annotations

from html import escape

__all__ = ["Markup", "join", "tag"]

_VOID = frozenset({"br", "input", "link", "meta", "wbr"})


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def join(*children: str | None) -> Markup:
    """Concatenate children: plain text is escaped, markup is kept, None is left out."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children if c is not None))


def tag(name: str, /, *children: str | None, **attributes: str | float | None) -> Markup:
    """One element. ``class_`` becomes ``class`` and ``stroke_width`` ``stroke-width``; None attributes are left out."""
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{head}>" if name in _VOID else f"<{name}{head}>{join(*children)}</{name}>")


def _text(value: str | float) -> str:
    # Two decimals of a pixel are enough, and keep the page small and its bytes stable.
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
