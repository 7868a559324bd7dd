"""What a page has at hand, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from understudy.client import AdminClient
from understudy.console.http import Request
from understudy.console.sessions import Session
from understudy.console.words import Words
from understudy.page import Markup

__all__ = ["Desk", "Go", "Page", "View"]

NOTHING = Markup("")


@dataclass(frozen=True)
class Desk:
    """One request of a signed-in operator.

    Attributes:
        request: What was asked.
        session: Who asks.
        client: The admin API.
        words: The language.
        now: The time.
        params: What stands in the path.
    """

    request: Request
    session: Session
    client: AdminClient
    words: Words
    now: datetime
    params: dict[str, str] = field(default_factory=dict)

    def asked(self, name: str) -> str:
        """A query parameter, "" without one."""
        return self.request.query.get(name, "").strip()

    def filled(self, name: str) -> str:
        """A field of the form, "" without one."""
        return self.request.form.get(name, "").strip()


@dataclass(frozen=True)
class Page:
    """A page: ``place`` is its entry of the navigation, ``aside`` what stands beside the title."""

    place: str
    title: str
    content: tuple[Markup, ...]
    aside: Markup = NOTHING
    status: int = 200


@dataclass(frozen=True)
class Go:
    """After a form was taken: look there."""

    path: str


View = Callable[[Desk], Page | Go]
