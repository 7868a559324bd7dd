"""Objects as files."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from understudy.atomic import write_bytes
from understudy.errors import UserError
from understudy.objects.protocol import Object, ObjectChangedError

__all__ = ["Folder"]

_LOCK = ".objects.lock"


class Folder:
    """Objects under one folder. The tag is the sha256 of the bytes; writers take turns by a lock of the kernel."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def read(self, name: str) -> Object | None:
        try:
            data = self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unreachable(error) from error
        return Object(data, hashlib.sha256(data).hexdigest())

    def names(self, prefix: str = "") -> list[str]:
        paths = (path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith("."))
        return sorted(name for path in paths if (name := path.relative_to(self.root).as_posix()).startswith(prefix))

    def write(self, name: str, data: bytes) -> None:
        with self._turn():
            self._put(name, data)

    def swap(self, name: str, data: bytes, tag: str | None) -> str:
        with self._turn():
            found = self.read(name)
            if (None if found is None else found.tag) != tag:
                raise ObjectChangedError(f"{name} in {self.url} has changed")
            self._put(name, data)
        return hashlib.sha256(data).hexdigest()

    def delete(self, name: str) -> None:
        with self._turn():
            self._path(name).unlink(missing_ok=True)

    def _put(self, name: str, data: bytes) -> None:
        try:
            write_bytes(self._path(name), data)
        except OSError as error:
            raise self._unreachable(error) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / _LOCK).open("w")
        except OSError as error:
            raise self._unreachable(error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/"):
            raise UserError("not the name of an object", where=repr(name), fix="Use a relative path.")
        return self.root.joinpath(*parts)

    def _unreachable(self, error: OSError) -> UserError:
        return UserError(
            f"the folder cannot be used: {error}", where=self.url, fix="Check disk and rights.", exit_code=5
        )
