"""The case store as an object beside the reports: brought here, used, and put back whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.jury.case_store import CaseStore
from understudy.errors import UserError
from understudy.objects import ObjectChangedError, Objects

__all__ = ["CASES", "open_cases"]

CASES = "cases.sqlite"
ATTEMPTS = 5


@contextmanager
def open_cases(objects: Objects) -> Iterator[CaseStore]:
    """The cases kept in ``objects``, for the length of the block; what was added is there for all when it ends.

    If somebody else added cases meanwhile, both are kept: rows are only ever added.

    Raises:
        UserError: the object cannot be read or written, or others kept changing it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CASES
        tag = _bring(objects, path)
        store = CaseStore(path)
        before = path.read_bytes()
        yield store
        if tag is None or path.read_bytes() != before:
            _put_back(objects, path, tag)


def _bring(objects: Objects, path: Path) -> str | None:
    found = objects.read(CASES)
    if found is None:
        return None
    path.write_bytes(found.data)
    return found.tag


def _put_back(objects: Objects, path: Path, tag: str | None) -> None:
    mine = CaseStore(path)
    for attempt in range(ATTEMPTS):
        try:
            objects.swap(CASES, path.read_bytes(), tag)
            return
        except ObjectChangedError:
            theirs = path.with_name(f"theirs-{attempt}.sqlite")
            tag = _bring(objects, theirs)
            if tag is not None:
                mine.merge(CaseStore(theirs))
    raise UserError("others keep adding cases", where=objects.url, fix="Try again.", exit_code=5)
