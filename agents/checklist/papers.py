"""Read what a run left behind, and remember what was read."""

from __future__ import annotations

import hashlib
from typing import Any

from agents.evidence import Artefacts
from understudy.contracts.watch import Evidence
from understudy.errors import UserError

__all__ = ["MissingEvidenceError", "Papers"]


class MissingEvidenceError(Exception):
    """What a measurement needs is not there; the message says what, for a person."""


class Papers:
    """The documents of a run that a night's judgement asked for.

    ``hashes`` names every one of them with its sha256 (None: it is not there): the same hashes give the same judgement.
    """

    def __init__(self, artefacts: Artefacts) -> None:
        self._artefacts = artefacts
        self._parsed: dict[str, Any] = {}
        self.hashes: dict[str, str | None] = {}

    def found(self, name: str) -> bytes | None:
        """The bytes of ``name``, or None where there is none.

        Raises:
            UserError: the place cannot be reached.
        """
        data = self._artefacts.data(name)
        if name not in self.hashes:
            self.hashes[name] = None if data is None else hashlib.sha256(data).hexdigest()
        return data

    def json(self, name: str) -> Any:
        """The document ``name``, parsed.

        Raises:
            MissingEvidenceError: it is not there, or is not JSON.
        """
        if self.found(name) is None:
            raise MissingEvidenceError(f"{name} is not there")
        if name not in self._parsed:
            try:
                self._parsed[name] = self._artefacts.json(name)
            except UserError as error:
                raise MissingEvidenceError(f"{name}: {error.what}") from None
        return self._parsed[name]

    def folds(self, name: str) -> dict[str, Any]:
        """Path -> document of every teacher's ``name`` (``soft/fold<k>/<name>``).

        Raises:
            MissingEvidenceError: there is none.
        """
        found: dict[str, Any] = {}
        while self.found(path := f"soft/fold{len(found)}/{name}") is not None:
            found[path] = self.json(path)
        if not found:
            raise MissingEvidenceError(f"soft/fold0/{name} is not there")
        return found

    def evidence(self, *names: str) -> list[Evidence]:
        """References to what was read."""
        return [Evidence(kind="artefact", ref=name, sha256=self.hashes.get(name)) for name in names]
