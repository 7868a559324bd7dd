"""The console: a WSGI application that asks the admin API, and never hands its secret on."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from understudy.client import AdminClient, ApiError, NoAnswerError
from understudy.console.desk import Desk, Go, Page, View
from understudy.console.forms import Field, line, submit
from understudy.console.guard import foreign, forged, guarded
from understudy.console.http import Request, Response, TooLargeError, html, local_path, read_request, redirect
from understudy.console.sessions import Session, Sessions
from understudy.console.shell import Look, bare, framed
from understudy.console.tables import facts, panel
from understudy.console.views.audits import audit, audits
from understudy.console.views.checklist import checklist
from understudy.console.views.decisions import decision, decisions, find
from understudy.console.views.drift import drift
from understudy.console.views.fairness import fairness
from understudy.console.views.log import log
from understudy.console.views.reviews import decide, review, reviews
from understudy.console.views.status import status
from understudy.console.views.switches import clear, confirm_clear, set_switch, switches
from understudy.console.words import Words, chosen_locale
from understudy.page import Markup, tag

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["PAGES", "Console"]

ID = "[A-Za-z0-9-]{1,64}"
# (method, path) -> page
PAGES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/", status),
    ("GET", "/checklist", checklist),
    ("GET", "/drift", drift),
    ("GET", "/fairness", fairness),
    ("GET", "/reviews", reviews),
    ("GET", f"/reviews/(?P<review_id>{ID})", review),
    ("POST", f"/reviews/(?P<review_id>{ID})", decide),
    ("GET", "/switches", switches),
    ("POST", "/switches", set_switch),
    ("GET", "/switches/clear", confirm_clear),
    ("POST", "/switches/clear", clear),
    ("GET", "/decisions", decisions),
    ("POST", "/decisions", find),
    ("GET", f"/decisions/(?P<request_id>{ID})", decision),
    ("GET", "/log", log),
    ("GET", "/audits", audits),
    ("GET", r"/audits/(?P<kind>nightly|weekly|quarterly)/(?P<period>\d{4}-\d{2}-\d{2})", audit),
)
_PATTERNS = [(method, re.compile(path), view) for method, path, view in PAGES]
ASSETS = {"console.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
KEEP = ("Cache-Control", "public, max-age=31536000, immutable")  # its name says what is in it


class Console:
    """One operator's console.

    Args:
        client: The admin API; it signs the requests.
        sessions: Who is signed in.
        endpoint: What the pages call the API.
        port: Where the console is served on 127.0.0.1.
        now: The time.
        report: Told of a defect; default: the traceback goes to standard error.
    """

    def __init__(
        self,
        client: AdminClient,
        sessions: Sessions,
        *,
        endpoint: str,
        port: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        report: Callable[[], object] = traceback.print_exc,
    ) -> None:
        self._client = client
        self._sessions = sessions
        self._endpoint = endpoint
        self._port = port
        self._now = now
        self._report = report
        self._assets = {named: (kind, data) for named, kind, data in map(_asset, ASSETS)}
        self._look = Look(*self._assets)
        # Cookies know no ports: two consoles on one machine keep apart by name.
        self._cookie = f"understudy-{port}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            response = self.answer(read_request(environ))
        except TooLargeError:
            response = Response(413)
        response = guarded(response)
        head = environ["REQUEST_METHOD"] == "HEAD"
        start_response(response.line, [*response.headers, ("Content-Length", str(len(response.body)))])
        return [] if head else [response.body]

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        if request.method == "HEAD":
            request = replace(request, method="GET")
        if foreign(request, self._port):
            return Response(421, (("Content-Type", "text/plain"),), b"This console is not served under that name.\n")
        if request.path in self._assets:
            kind, data = self._assets[request.path]
            return Response(200, (("Content-Type", kind), KEEP), data)
        words = Words(chosen_locale(request.cookies.get("language"), request.headers.get("accept-language", "")))
        if request.path.startswith("/language/"):
            return self._speak(request)
        session = self._sessions.find(request.cookies.get(self._cookie, ""))
        if session is None:
            return self._gate(request, words)
        return self._inside(request, words, session)

    def _speak(self, request: Request) -> Response:
        locale = chosen_locale(request.path.rpartition("/")[2], "")
        cookie = f"language={locale}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly"
        return redirect(local_path(request.query.get("back", "/"))).adding(("Set-Cookie", cookie))

    def _gate(self, request: Request, words: Words) -> Response:
        """Whoever has no session may show the code, and nothing else."""
        wrong = ""
        if (request.method, request.path) == ("POST", "/sign-in"):
            if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
                return html("", 403)
            session_id = self._sessions.open(request.form.get("code", ""))
            if session_id is not None:
                cookie = f"{self._cookie}={session_id}; Path=/; HttpOnly; SameSite=Strict"
                return redirect(local_path(request.form.get("to", "/"))).adding(("Set-Cookie", cookie))
            wrong = words("gate.pausing" if self._sessions.pausing else "gate.wrong")
        to = "/" if request.path == "/sign-in" or request.method != "GET" else local_path(_target(request))
        field = Field("code", words("gate.code"), hint=words("gate.hint"), error=wrong)
        form = tag(
            "form",
            tag("input", type="hidden", name="to", value=to),
            line(field, autofocus="", autocapitalize="characters", maxlength="32"),
            submit(words("gate.enter")),
            method="post",
            action="/sign-in",
            class_="stack",
        )
        content = tag("div", tag("h1", words("gate.title")), tag("p", words("gate.lead"), class_="lead"), form)
        status_ = 429 if self._sessions.pausing else 403 if wrong else 200 if request.method == "GET" else 401
        return html(bare(words("gate.title"), words, content, self._look, request.path), status_)

    def _inside(self, request: Request, words: Words, session: Session) -> Response:
        if request.method == "POST" and forged(request, session):
            return self._told(request, words, session, 403, words("problem.forged"))
        if (request.method, request.path) == ("POST", "/sign-out"):
            self._sessions.close(request.cookies.get(self._cookie, ""))
            gone = f"{self._cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
            return redirect("/").adding(("Set-Cookie", gone))
        if request.path == "/sign-in":
            return redirect("/")
        found = [(one, match) for one in _PATTERNS if (match := one[1].fullmatch(request.path))]
        for (method, _, view), match in found:
            if method == request.method:
                return self._show(view, Desk(request, session, self._client, words, self._now(), match.groupdict()))
        return self._told(request, words, session, 405 if found else 404, words("problem.no_page"))

    def _show(self, view: View, desk: Desk) -> Response:
        """What the page becomes; whatever the API refuses is told, and nothing is shown as if all were well."""
        request, words, session = desk.request, desk.words, desk.session
        try:
            page = view(desk)
        except ApiError as error:
            detail = error.problem.detail if error.problem else str(error)
            status_ = error.status if error.status in (403, 404, 409, 410) else 502
            return self._told(request, words, session, status_, words("problem.refused"), detail, str(error.status))
        except NoAnswerError as error:
            return self._told(request, words, session, 502, words("problem.no_answer"), str(error))
        except Exception:
            self._report()
            return self._told(request, words, session, 500, words("problem.defect"))
        if isinstance(page, Go):
            return redirect(page.path)
        return self._framed(page, desk.request, words, session)

    def _told(
        self, request: Request, words: Words, session: Session, status_: int, what: str, detail: str = "", api: str = ""
    ) -> Response:
        told = [(words("problem.says"), detail)] if detail else []
        told += [(words("problem.status"), api)] if api else []
        content = panel("problem", what, facts(told) if told else Markup(""), tag("p", words("problem.unknown")))
        page = Page("", words("problem.title"), (content,), status=status_)
        return self._framed(page, request, words, session)

    def _framed(self, page: Page, request: Request, words: Words, session: Session) -> Response:
        path = local_path(_target(request)) if request.method == "GET" else "/"
        return html(framed(page, words, session, self._endpoint, self._look, path), page.status)


def _asset(name: str) -> tuple[str, str, bytes]:
    """The path of a file, which says what is in it, its type, and its bytes."""
    data = (files("understudy.console") / name).read_bytes()
    stem, _, suffix = name.rpartition(".")
    return f"/{stem}-{hashlib.sha256(data).hexdigest()[:12]}.{suffix}", ASSETS[name], data


def _target(request: Request) -> str:
    """Path and query of a request, as it can be asked for again."""
    return request.path + (f"?{urlencode(request.query)}" if request.query else "")
