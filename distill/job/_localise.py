"""Bring what the stages read as files to where files are."""

from __future__ import annotations

import hashlib
from pathlib import Path

from understudy.atomic import write_bytes
from understudy.errors import UserError
from understudy.objects import open_objects

__all__ = ["local_folder", "local_spec"]


def local_folder(place: str | None, scratch: Path) -> Path | None:
    """``place`` itself if it is a folder; the objects under an ``s3://`` prefix are copied to ``scratch``.

    Raises:
        UserError: nothing is there.
    """
    if place is None or not place.startswith("s3://"):
        return None if place is None else Path(place.removeprefix("file://"))
    objects = open_objects(place)
    names = objects.names()
    if not names:
        raise UserError("there is no object under this prefix", where=place, fix="Name the prefix of the source files.")
    target = scratch / hashlib.sha256(place.encode()).hexdigest()[:16]
    for name in names:
        found = objects.read(name)
        if found is not None:
            write_bytes(target / name, found.data)
    return target


def local_spec(dataset: str, scratch: Path) -> str:
    """The dataset's name or path; a spec in S3 is copied with everything beside it."""
    if not dataset.startswith("s3://"):
        return dataset
    folder, _, name = dataset.rpartition("/")
    found = local_folder(folder, scratch)
    return str(Path(str(found)) / name)
