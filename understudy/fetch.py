"""Bring a bundle to where it can be read, and let in only what may be used."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from understudy.bundle import Bundle, load_bundle

__all__ = ["accepted_bundle", "local_bundle"]


def local_bundle(location: str) -> Path:
    """The path of the bundle; an ``s3://bucket/key.zip`` is downloaded first.

    Raises:
        FileNotFoundError: there is no such object. The environment then does not start: no version is published.
        botocore.exceptions.ClientError: it cannot be read. The environment then fails to start and is retried.
    """
    if not location.startswith("s3://"):
        return Path(location)
    import boto3
    from botocore.exceptions import ClientError

    url = urlsplit(location)
    target = Path(tempfile.mkdtemp(prefix="bundle-")) / "bundle.zip"
    try:
        boto3.client("s3").download_file(url.netloc, url.path.lstrip("/"), str(target))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        raise FileNotFoundError(f"there is no bundle at {location}: upload it, then deploy again") from None
    return target


def accepted_bundle(location: str, public_key: str | None, *, understudies: bool = True) -> Bundle:
    """The bundle at ``location``, of which nothing is used that was not verified before.

    With ``public_key`` (PEM text or file), one of its keys must have signed it. Without ``understudies``, students that
    another one of their task goes before are verified when they are needed (`load_bundle`).

    Raises:
        BundleError: names the file that is missing, extra, altered, or not signed.
        UserError: the public key cannot be read.
        botocore.exceptions.ClientError: the object cannot be read. The environment then fails to start and is retried.
    """
    keys = None
    if public_key:
        # Only who checks signatures needs the code that does.
        from understudy.bundle_signature import public_keys

        keys = public_keys(public_key)
    return load_bundle(local_bundle(location), keys, understudies=understudies)
