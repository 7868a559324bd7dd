"""Where bundles wait to be served."""

from __future__ import annotations

from constructs import Construct

from infra.constructs.private_bucket import private_bucket

__all__ = ["BundleBucket"]


class BundleBucket(Construct):
    """A private, versioned bucket: replacing a bundle keeps the one before.

    Encrypted by S3 itself: a bundle holds models and texts, no customer, and the function verifies every file's hash.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            "Bucket",
            "Bundles hold no customer data; versioning keeps each one that was served, each answer's audit entry names"
            " its model version, and the function refuses a bundle whose hashes do not fit.",
        )
