"""What the batch job and the registry ask of the place where they keep things."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["Object", "ObjectChangedError", "Objects"]


class Object(NamedTuple):
    """The bytes of an object, and the tag that stands for exactly these bytes in a conditional write."""

    data: bytes
    tag: str


class ObjectChangedError(Exception):
    """A conditional write was refused: the object is not what its writer had read; nothing was written."""


class Objects(Protocol):
    """Named bytes. A name is a relative path with forward slashes. Each write is whole or not at all.

    Every method raises ``UserError`` with exit code 5 when the place cannot be reached.
    """

    url: str

    def read(self, name: str) -> Object | None:
        """The object, or None where there is none."""

    def names(self, prefix: str = "") -> list[str]:
        """Names that start with ``prefix``, sorted."""

    def write(self, name: str, data: bytes) -> None:
        """Replace whatever is there."""

    def swap(self, name: str, data: bytes, tag: str | None) -> str:
        """Write only if the object still has ``tag``, or does not exist where ``tag`` is None; returns the new tag.

        Raises:
            ObjectChangedError: it has another tag, exists already, or is gone.
        """

    def delete(self, name: str) -> None:
        """Remove the object if it is there."""
