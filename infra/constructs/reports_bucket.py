"""Where the watching agents keep their reports."""

from __future__ import annotations

from constructs import Construct

from infra.constructs.private_bucket import private_bucket

__all__ = ["ReportsBucket"]


class ReportsBucket(Construct):
    """A private, versioned bucket: a report that is made again keeps the one before. Every report's hash is in the log.

    Encrypted by S3 itself: a report holds counts, shares and places in the log, and names no customer.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            "Bucket",
            "Reports name no customer, versioning keeps each one, and each one's hash is an entry of the audit log.",
        )

    @property
    def url(self) -> str:
        """As `understudy.objects.open_objects` reads it."""
        return f"s3://{self.bucket.bucket_name}/reports"
