"""Objects in memory, of which only the latest stay: a year of nights needs last night's."""

from __future__ import annotations

import hashlib

from understudy.objects import Object, ObjectChangedError

__all__ = ["Memory"]


class Memory:
    """`understudy.objects.Objects` in a dictionary that forgets all but the last ``most`` names written."""

    def __init__(self, most: int = 300) -> None:
        self.url = "memory"
        self._most = most
        self._held: dict[str, bytes] = {}

    def read(self, name: str) -> Object | None:
        data = self._held.get(name)
        return None if data is None else Object(data, hashlib.sha256(data).hexdigest())

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self._held if name.startswith(prefix))

    def write(self, name: str, data: bytes) -> None:
        self._held.pop(name, None)
        self._held[name] = data
        while len(self._held) > self._most:
            del self._held[next(iter(self._held))]

    def swap(self, name: str, data: bytes, tag: str | None) -> str:
        found = self.read(name)
        if (None if found is None else found.tag) != tag:
            raise ObjectChangedError(name)
        self.write(name, data)
        return hashlib.sha256(data).hexdigest()

    def delete(self, name: str) -> None:
        self._held.pop(name, None)
