"""Objects in S3."""

from __future__ import annotations

from typing import Any

from understudy.errors import UserError
from understudy.objects.protocol import Object, ObjectChangedError

__all__ = ["Bucket"]

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey", "404"}


class Bucket:
    """Objects under one prefix of a bucket. The tag is the ETag; S3 itself refuses a conditional write that is late."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3

        self._client = boto3.client("s3")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.url = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def read(self, name: str) -> Object | None:
        answer = self._call("get_object", _ABSENT, Key=self._prefix + name)
        return None if answer is None else Object(answer["Body"].read(), answer["ETag"])

    def names(self, prefix: str = "") -> list[str]:
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", set(), Prefix=self._prefix + prefix, **more)
            assert page is not None
            found += [item["Key"].removeprefix(self._prefix) for item in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return sorted(found)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def write(self, name: str, data: bytes) -> None:
        self._call("put_object", set(), Key=self._prefix + name, Body=data)

    def swap(self, name: str, data: bytes, tag: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        answer = self._call("put_object", _CHANGED, Key=self._prefix + name, Body=data, **condition)
        if answer is None:
            raise ObjectChangedError(f"{name} in {self.url} has changed")
        return str(answer["ETag"])

    def delete(self, name: str) -> None:
        self._call("delete_object", set(), Key=self._prefix + name)

    def _call(self, operation: str, expected: set[str], **request: Any) -> dict[str, Any] | None:
        """The answer, or None where S3 refused with one of the ``expected`` codes."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self._bucket, **request)
        except (BotoCoreError, ClientError) as error:
            if getattr(error, "response", {}).get("Error", {}).get("Code") in expected:
                return None
            fix = "Check the bucket and the role."
            raise UserError(f"S3 could not {operation}: {error}", where=self.url, fix=fix, exit_code=5) from error
        return answer
