"""Keep the checkpoints of a local workspace in a place that outlives the machine."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from understudy.atomic import atomic_directory, write_bytes
from understudy.objects import Objects

__all__ = ["Mirror"]

# A folder that appears whole travels as one object, so that half of it is never seen.
_FOLDERS = ("students/*", "soft/fold*/labels")
_FILES = ("soft/fold*/checkpoint.pt", "attempts.json")
_STATE = "state/"
# A teacher's checkpoint changes every epoch; it is not worth an upload each time.
_EVERY = 60.0


class Mirror:
    """Copies finished pieces of ``workspace`` to ``objects`` as they appear, and back before the job begins.

    ``before``: called before every write; refuses if the job may no longer write.
    """

    def __init__(self, workspace: Path, objects: Objects, before: Callable[[], None]) -> None:
        self._workspace = workspace
        self._objects = objects
        self._before = before
        self._seen: dict[str, tuple[int, int]] = {}
        self._last: dict[str, float] = {}

    def pull(self) -> int:
        """Bring back the checkpoints that the workspace lacks; returns how many."""
        count = 0
        for name in self._objects.names(_STATE):
            relative = name.removeprefix(_STATE).removesuffix(".tar")
            target, found = self._workspace / relative, None if (self._workspace / relative).exists() else name
            data = self._objects.read(name) if found else None
            if data is None:
                continue
            if name.endswith(".tar"):
                _unpack(data.data, target)
            else:
                write_bytes(target, data.data)
            self._seen[relative] = _stamp(target)
            count += 1
        return count

    def push(self) -> None:
        """Save what is new."""
        for path in self._pieces():
            relative = path.relative_to(self._workspace).as_posix()
            stamp = _stamp(path)
            recent = path.suffix == ".pt" and time.monotonic() - self._last.get(relative, float("-inf")) < _EVERY
            if self._seen.get(relative) == stamp or recent:
                continue
            self._before()
            if path.is_dir():
                self._objects.write(f"{_STATE}{relative}.tar", _pack(path))
            else:
                self._objects.write(_STATE + relative, path.read_bytes())
            self._seen[relative], self._last[relative] = stamp, time.monotonic()

    def publish(self, names: list[str]) -> None:
        """Copy results, files or whole folders, under their own names."""
        for name in names:
            path = self._workspace / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    self._before()
                    self._objects.write(file.relative_to(self._workspace).as_posix(), file.read_bytes())

    def _pieces(self) -> Iterator[Path]:
        for pattern in (*_FOLDERS, *_FILES):
            yield from (path for path in sorted(self._workspace.glob(pattern)) if not path.name.startswith("."))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def _pack(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = tarfile.TarInfo(path.relative_to(folder).as_posix())
                info.size = path.stat().st_size
                archive.addfile(info, io.BytesIO(path.read_bytes()))
    return buffer.getvalue()


def _unpack(data: bytes, target: Path) -> None:
    with atomic_directory(target) as scratch, tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(scratch, filter="data")
