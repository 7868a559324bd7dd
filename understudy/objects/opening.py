"""Open the place that a path or URL names."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import UserError
from understudy.objects.folder import Folder
from understudy.objects.protocol import Objects

__all__ = ["open_objects"]


def open_objects(place: str) -> Objects:
    """The objects under ``s3://bucket/prefix``, ``file:///folder`` or a plain path of a folder.

    Raises:
        UserError: another scheme.
    """
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Folder(Path(place))
    if scheme == "file":
        return Folder(Path(rest))
    if scheme == "s3":
        from understudy.objects.s3 import Bucket

        bucket, _, prefix = rest.partition("/")
        return Bucket(bucket, prefix)
    raise UserError("not a place for objects", where=repr(place), fix="Use a folder, file:///folder or s3://bucket/x.")
