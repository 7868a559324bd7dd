"""Bring the bundle to where it can be read, and let in only what may be served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.bundle import Bundle, load_bundle
from understudy.fetch import local_bundle

if TYPE_CHECKING:
    from lambda_app.settings import Settings

__all__ = ["accepted_bundle", "local_bundle"]


def accepted_bundle(location: str, settings: Settings) -> Bundle:
    """The verified bundle at ``location``; where a public key is set, one of its keys must have signed it.

    Raises:
        BundleError: names the file that is missing, extra, altered, or not signed.
        UserError: the public key cannot be read.
        botocore.exceptions.ClientError: the object cannot be read. The environment then fails to start and is retried.
    """
    keys = None
    if settings.understudy_bundle_public_key:
        # Only who checks signatures needs the code that does.
        from understudy.bundle_signature import public_keys

        keys = public_keys(settings.understudy_bundle_public_key)
    return load_bundle(local_bundle(location), keys)
