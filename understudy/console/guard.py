"""What every request must be, and what every response says to the browser."""

from __future__ import annotations

import hmac

from understudy.console.http import Request, Response
from understudy.console.sessions import Session

__all__ = ["POLICY", "foreign", "forged", "guarded"]

# No script at all, nothing from elsewhere, forms only to here, never in a frame.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # "no-referrer" would make the browser hide the origin of our own forms, too.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
NO_STORE = ("Cache-Control", "no-store")


def foreign(request: Request, port: int) -> bool:
    """Whether the request was meant for another host: a name that somebody made to point here (DNS rebinding)."""
    return request.headers.get("host") not in {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}


def forged(request: Request, session: Session) -> bool:
    """Whether a form comes from anywhere but a page of this session."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin != f"http://{request.headers.get('host')}":
        return True
    if site is not None and site not in ("same-origin", "none"):
        return True
    return not hmac.compare_digest(request.form.get("csrf", "").encode(), session.csrf.encode())


def guarded(response: Response) -> Response:
    """The response with what protects it; nothing is kept by the browser unless a page says how long."""
    cached = any(name == "Cache-Control" for name, _ in response.headers)
    return response.adding(*HEADERS, *(() if cached else (NO_STORE,)))
