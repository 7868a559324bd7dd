"""Bring a bundle to where it can be read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["local_bundle"]


def local_bundle(location: str) -> Path:
    """The path of the bundle; an ``s3://bucket/key.zip`` is downloaded first.

    Raises:
        botocore.exceptions.ClientError: the object cannot be read. The environment then fails to start and is retried.
    """
    if not location.startswith("s3://"):
        return Path(location)
    import boto3

    url = urlsplit(location)
    target = Path(tempfile.mkdtemp(prefix="bundle-")) / "bundle.zip"
    boto3.client("s3").download_file(url.netloc, url.path.lstrip("/"), str(target))
    return target
