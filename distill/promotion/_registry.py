"""Every version that ever stood for promotion, and a pointer to the one that serves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from understudy.atomic import canonical_json, write_bytes
from understudy.contracts.promotion import Champion
from understudy.errors import UserError
from understudy.objects import ObjectChangedError, Objects

__all__ = ["Registry", "Standing"]

_POINTER = "champion.json"


class Standing(NamedTuple):
    """The pointer as it was read; ``tag`` None: there has never been a champion."""

    champion: Champion | None
    tag: str | None


class Registry:
    """``versions/<model_version>/bundle.zip``, never overwritten, and ``champion.json``, moved conditionally."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.url = objects.url

    def standing(self) -> Standing:
        """Who serves now."""
        found = self._objects.read(_POINTER)
        return Standing(None, None) if found is None else Standing(Champion.model_validate_json(found.data), found.tag)

    def versions(self) -> list[str]:
        """Every version that is kept."""
        return [name.split("/")[1] for name in self._objects.names("versions/") if name.endswith("/bundle.zip")]

    def place(self, version: str) -> str:
        """Where the function finds a version: the value of UNDERSTUDY_BUNDLE."""
        return f"{self.url}/{_name(version)}"

    def add(self, version: str, archive: bytes) -> None:
        """Keep a version; the same bytes again are no change.

        Raises:
            UserError: other bytes are kept under this name.
        """
        try:
            self._objects.swap(_name(version), archive, None)
        except ObjectChangedError:
            found = self._objects.read(_name(version))
            if found is None or found.data != archive:
                fix = "A version is never overwritten: sign with the same key, or build a new version."
                raise UserError(f"{version} is kept with other bytes", where=self.url, fix=fix) from None

    def fetch(self, version: str) -> Path:
        """A local copy of the archive of ``version``.

        Raises:
            UserError: it is not kept.
        """
        found = self._objects.read(_name(version))
        if found is None:
            raise UserError(
                f"there is no version {version}", where=self.url, fix=f"Kept: {', '.join(self.versions())}."
            )
        path = Path(tempfile.mkdtemp(prefix="champion-")) / "bundle.zip"
        write_bytes(path, found.data)
        return path

    def move(self, standing: Standing, version: str) -> Champion:
        """Point at ``version``, if nobody moved the pointer since ``standing`` was read.

        Raises:
            ObjectChangedError: somebody did.
        """
        before = standing.champion
        history = [] if before is None else [*before.history, before.model_version]
        champion = Champion(model_version=version, history=history)
        self._objects.swap(_POINTER, canonical_json(champion.model_dump(mode="json")), standing.tag)
        return champion


def _name(version: str) -> str:
    return f"versions/{version}/bundle.zip"
