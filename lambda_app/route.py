"""What a route is: who answers it, and everything that the OpenAPI document says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpRequest
from lambda_app.late import Late
from understudy.contracts._model import Contract

__all__ = ["Endpoint", "Route"]

Endpoint = Callable[[App, HttpRequest, str, Mapping[str, str]], dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """One method of one path. There is no way to serve a route without describing it.

    Attributes:
        endpoint: Answers a request; its name, in camel case, is the operation's id.
        summary: One line for the reader of the document.
        answer: Body of the 200 answer; `answer_type` is its contract, also where that is imported late.
        problems: Other statuses it may answer with, each a problem; 406 and 500 go without saying.
        body: Contract of the request's body; None if it takes none.
        also: Further statuses whose body is an ``answer``, with their descriptions.
        query: Names of query parameters and the pattern of each.
        idempotent: Whether the header ``Idempotency-Key`` is understood.
        tagged: Whether answers carry an entity tag, and ``If-None-Match`` is understood.
    """

    endpoint: Endpoint
    summary: str
    answer: type[Contract] | Late
    problems: tuple[int, ...] = ()
    body: type[Contract] | None = None
    also: Mapping[int, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False
    tagged: bool = False

    @property
    def name(self) -> str:
        """The name of the endpoint, by which logs and metrics know the route."""
        return self.endpoint.__name__

    @property
    def answer_type(self) -> type[Contract]:
        """The contract of the 200 answer."""
        found: type[Contract] = self.answer.load() if isinstance(self.answer, Late) else self.answer
        return found

    @property
    def operation_id(self) -> str:
        """The endpoint's name in camel case."""
        head, *rest = self.name.split("_")
        return head + "".join(word.capitalize() for word in rest)
