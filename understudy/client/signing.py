"""How a request says who sends it: AWS Signature Version 4 for a deployed endpoint, a token for one on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from understudy.errors import UserError

__all__ = ["Signer", "bearer", "sigv4"]

# (method, url, headers, body) -> the headers to send
Signer = Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]


def bearer(secret: str) -> Signer:
    """Send the admin token of a function on this machine. It is sent as it is: only over a loopback, or https."""

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        del method, url, body
        return {**headers, "authorization": f"Bearer {secret}"}

    return sign


def sigv4(region: str, *, service: str = "execute-api") -> Signer:
    """Sign with the credentials that botocore finds (environment, profile, role), refreshed as they expire.

    Raises:
        UserError: botocore is not installed, or finds no credentials.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import Session
    except ImportError:
        raise UserError("requests cannot be signed", where="botocore", fix="pip install 'understudy[serve]'") from None
    credentials = Session().get_credentials()
    if credentials is None:
        raise UserError("there are no AWS credentials", where="botocore", fix="Configure a profile or a role.")

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        request = AWSRequest(method, url, dict(headers), body)
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
        return dict(request.headers.items())

    return sign
