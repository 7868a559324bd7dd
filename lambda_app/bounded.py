"""A store whose calls end with the request's time."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from lambda_app.deadline import current_deadline
from understudy.stores import ServingStore

__all__ = ["bounded"]

# A read may take half of what is left, so that the decision and its audit entry still can be made.
READ_SHARE = 0.5


class _Bounded:
    """Every method of ``store``, bounded by the deadline of the request that calls it."""

    def __init__(self, store: ServingStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name.startswith("_") or not callable(found):
            return found
        share = READ_SHARE if name.startswith(("read_", "get_")) else 1.0
        return partial(_in_time, found, share)

    def __repr__(self) -> str:
        return f"bounded({self._store!r})"


def bounded(store: ServingStore) -> ServingStore:
    """``store``, whose methods raise `OutOfTimeError` rather than outlast the current request."""
    return cast(ServingStore, _Bounded(store))


def _in_time(method: Any, share: float, *args: Any, **options: Any) -> Any:
    return current_deadline().call(method, *args, share=share, **options)
