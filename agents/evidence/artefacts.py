"""What the run that made the bundle left behind: documents of its stages, and files that shadow scoring needs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from understudy.contracts.watch import Evidence
from understudy.errors import UserError
from understudy.objects import Objects, open_objects

__all__ = ["Artefacts", "open_artefacts"]


class Artefacts:
    """Documents of one run by their path in the run directory (``stages/data.json``, ``gates/report.json``, ...).

    A file that is not there is None. Each is read once.
    """

    def __init__(self, objects: Objects | None) -> None:
        """``objects`` None: no run is known, and nothing is there."""
        self._objects = objects
        self._read: dict[str, bytes | None] = {}

    def data(self, name: str) -> bytes | None:
        """The bytes of a file.

        Raises:
            UserError: the place cannot be reached.
        """
        if name not in self._read:
            found = self._objects.read(name) if self._objects is not None else None
            self._read[name] = found.data if found is not None else None
        return self._read[name]

    def json(self, name: str) -> Any | None:
        """The parsed content of a file.

        Raises:
            UserError: it is no JSON, or the place cannot be reached.
        """
        data = self.data(name)
        if data is None:
            return None
        try:
            return json.loads(data)
        except ValueError:
            raise UserError("an artefact is not JSON", where=name, fix="Restore the run directory.") from None

    def names(self, prefix: str = "") -> list[str]:
        """Files that begin with ``prefix``, sorted."""
        return self._objects.names(prefix) if self._objects is not None else []

    def evidence(self, name: str) -> Evidence:
        """Points at a file that is there."""
        data = self.data(name)
        assert data is not None, name
        return Evidence(kind="artefact", ref=name, sha256=hashlib.sha256(data).hexdigest())


def open_artefacts(url: str | None) -> Artefacts:
    """The run at ``file:///run`` or ``s3://bucket/prefix``; None: no run is known.

    Raises:
        UserError: the URL names neither.
    """
    return Artefacts(open_objects(url) if url is not None else None)
