"""What earlier nights found and kept, so that a night reads one new day only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from understudy.atomic import canonical_json
from understudy.contracts.watch import Measurement
from understudy.errors import UserError
from understudy.objects import Objects, open_objects

__all__ = ["History", "days_before", "open_history"]


class History:
    """JSON documents by day: ``history/<day>.json`` (measurements), ``state/<name>/<day>.json`` (what monitors keep).

    A night that runs again writes the same documents: state is read from the day before, never from its own day.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def measurements(self, day: str) -> dict[str, Measurement] | None:
        """Name -> what was measured on ``day``, None if that night did not run."""
        found = self._json(f"history/{day}.json")
        return None if found is None else {name: Measurement.model_validate(one) for name, one in found.items()}

    def put_measurements(self, day: str, measurements: Iterable[Measurement]) -> None:
        """Keep what was measured."""
        body = {one.name: one.model_dump(mode="json") for one in measurements}
        self._objects.write(f"history/{day}.json", canonical_json(body))

    def series(self, name: str, until: str, days: int) -> list[tuple[str, float]]:
        """(day, value) of a measurement over the ``days`` days before ``until``, where it has one; oldest first."""
        found = []
        for day in reversed(days_before(until, days)):
            measured = (self.measurements(day) or {}).get(name)
            if measured is not None and measured.value is not None:
                found.append((day, measured.value))
        return found

    def state(self, name: str, day: str) -> Any | None:
        """What ``name`` kept at the end of ``day``."""
        return self._json(f"state/{name}/{day}.json")

    def put_state(self, name: str, day: str, state: Mapping[str, Any]) -> None:
        """Keep something until the next nights."""
        self._objects.write(f"state/{name}/{day}.json", canonical_json(state))

    def _json(self, name: str) -> Any | None:
        found = self._objects.read(name)
        if found is None:
            return None
        try:
            return json.loads(found.data)
        except ValueError:
            raise UserError("a document of the history is not JSON", where=name, fix="Restore or remove it.") from None


def days_before(day: str, count: int) -> list[str]:
    """The ``count`` days before ``day``, latest first."""
    last = date.fromisoformat(day)
    return [(last - timedelta(days=back)).isoformat() for back in range(1, count + 1)]


def open_history(url: str) -> History:
    """The history under ``file:///folder`` or ``s3://bucket/prefix``.

    Raises:
        UserError: the URL names neither.
    """
    return History(open_objects(url))
