"""Where checkpoints are kept: away from the log, and never overwritten."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from understudy.errors import UserError

__all__ = ["CheckpointConflictError", "CheckpointStore", "open_checkpoints"]

NAME = re.compile(r"(\d{8})\.json")


class CheckpointConflictError(Exception):
    """Somebody else has written the checkpoint of this number."""


class CheckpointStore(Protocol):
    """Numbered checkpoints, written once."""

    def read(self) -> Iterator[tuple[int, bytes]]:
        """(number, bytes) of each, in order.

        Raises:
            UserError: they cannot be read.
        """

    def put(self, number: int, data: bytes) -> None:
        """Write checkpoint ``number``, whole or not at all.

        Raises:
            CheckpointConflictError: it exists.
            UserError: it cannot be written.
        """


class CheckpointDirectory:
    """A directory: for a laptop, or a write-once file system. What may delete in it can undo checkpoints."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[tuple[int, bytes]]:
        found = sorted(path for path in self._path.glob("*.json") if NAME.fullmatch(path.name))
        for path in found:
            try:
                yield int(path.stem), path.read_bytes()
            except OSError as error:
                raise UserError(f"a checkpoint cannot be read: {error}", where=str(path), fix="Restore it.") from None

    def put(self, number: int, data: bytes) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=self._path, prefix=".checkpoint.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(scratch, 0o444)
            os.link(scratch, self._path / _name(number))  # unlike a rename, a link replaces nothing
        except FileExistsError:
            raise CheckpointConflictError(f"checkpoint {number} exists") from None
        finally:
            os.unlink(scratch)


class CheckpointBucket:
    """An S3 bucket with Object Lock. The oldest version of an object counts: nobody can lock a later one over it."""

    def __init__(self, bucket: str, prefix: str) -> None:
        """Look at the bucket's lock.

        Raises:
            UserError: the bucket cannot be reached, or does not retain what is written to it.
        """
        import boto3

        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = boto3.client("s3")
        fix = "Enable Object Lock with a default retention; without it, checkpoints can be deleted with the log."
        try:
            lock = self._call("get_object_lock_configuration")["ObjectLockConfiguration"]
        except UserError as error:
            raise UserError(f"the bucket's Object Lock cannot be read: {error.what}", where=bucket, fix=fix) from None
        if "DefaultRetention" not in lock.get("Rule", {}):
            raise UserError("the bucket has no default retention", where=bucket, fix=fix)

    def read(self) -> Iterator[tuple[int, bytes]]:
        oldest: dict[int, tuple[Any, str]] = {}
        marker: dict[str, str] = {}
        while True:
            page = self._call("list_object_versions", Prefix=self._prefix, **marker)
            for version in page.get("Versions", []):
                match = NAME.fullmatch(version["Key"].removeprefix(self._prefix))
                if match:
                    number, seen = int(match[1]), (version["LastModified"], version["VersionId"])
                    # Versions of a key come newest first; of equal times the later in the list is the older.
                    if number not in oldest or seen[0] <= oldest[number][0]:
                        oldest[number] = seen
            if not page.get("IsTruncated"):
                break
            marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        for number in sorted(oldest):
            answer = self._call("get_object", Key=self._prefix + _name(number), VersionId=oldest[number][1])
            yield number, answer["Body"].read()

    def put(self, number: int, data: bytes) -> None:
        self._call("put_object", Key=self._prefix + _name(number), Body=data, IfNoneMatch="*")

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self._bucket, **request)
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise CheckpointConflictError(f"{request['Key']} exists") from None
            fix = "Check the bucket and the role."
            raise UserError(f"S3 could not {operation}: {error}", where=self._bucket, fix=fix, exit_code=5) from error
        return answer


def open_checkpoints(url: str) -> CheckpointStore:
    """The checkpoints in ``s3://bucket/prefix`` or the directory at ``file:///absolute/path``.

    Raises:
        UserError: it is neither, or the bucket cannot keep them.
    """
    if url.startswith("s3://"):
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return CheckpointBucket(bucket, prefix)
    if url.startswith("file:///"):
        return CheckpointDirectory(Path(url.removeprefix("file://")))
    raise UserError(
        "not a checkpoint store", where=repr(url), fix="Use file:///absolute/directory or s3://bucket/prefix."
    )


def _name(number: int) -> str:
    return f"{number:08}.json"
