"""Who is signed in to the console: a code that the terminal shows, and sessions in this process's memory."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Notice", "Session", "Sessions", "new_code"]

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 8 * 3600
# A code has 80 bits, so that nobody guesses it; after some wrong ones everybody waits all the same.
WRONG_CODES = 5
PAUSE_SECONDS = 60.0
MAX_NAMED = 200


@dataclass(frozen=True)
class Notice:
    """What the next page tells: a key of the words, and what fills its slots."""

    key: str
    slots: dict[str, str] = field(default_factory=dict)
    good: bool = True


@dataclass
class Session:
    """One browser that has shown the code.

    Attributes:
        csrf: What every form of this session holds.
        customers: Request id -> the customer whom the operator named; so that no URL holds a customer's id.
        notice: What the next page tells, once.
    """

    csrf: str
    begun: float
    seen: float
    customers: dict[str, str] = field(default_factory=dict)
    notice: Notice | None = None

    def name(self, request_id: str, customer_id: str) -> None:
        """Remember whom a decision is about; the oldest are forgotten."""
        self.customers[request_id] = customer_id
        while len(self.customers) > MAX_NAMED:
            del self.customers[next(iter(self.customers))]

    def take_notice(self) -> Notice | None:
        """What is to be told, which then is told."""
        found, self.notice = self.notice, None
        return found


class Sessions:
    """Opens and finds sessions; threads may share it.

    A session ends when nobody used it for half an hour, after eight hours, when its operator signs out, and with the
    process.
    """

    def __init__(self, code: str, now: Callable[[], float] = time.monotonic) -> None:
        self._code = _plain(code).encode()
        self._now = now
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._wrong = 0
        self._wait_until = 0.0

    @property
    def pausing(self) -> bool:
        """Whether no code is looked at for now."""
        return self._now() < self._wait_until

    def open(self, code: str) -> str | None:
        """The id of a new session, or None for a wrong code."""
        with self._lock:
            if self.pausing:
                return None
            if not hmac.compare_digest(_plain(code).encode(), self._code):
                self._wrong += 1
                if self._wrong % WRONG_CODES == 0:
                    self._wait_until = self._now() + PAUSE_SECONDS
                return None
            self._wrong = 0
            session_id = secrets.token_urlsafe(32)
            now = self._now()
            self._sessions[session_id] = Session(secrets.token_urlsafe(32), now, now)
            return session_id

    def find(self, session_id: str) -> Session | None:
        """The session, if it has not ended."""
        with self._lock:
            session, now = self._sessions.get(session_id), self._now()
            if session is None:
                return None
            if now - session.seen > IDLE_SECONDS or now - session.begun > LONGEST_SECONDS:
                del self._sessions[session_id]
                return None
            session.seen = now
            return session

    def close(self, session_id: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(session_id, None)


def new_code() -> str:
    """Eighty random bits to be typed: ``ABCD-EFGH-IJKL-MNOP``."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(code: str) -> str:
    return "".join(character for character in code.upper() if character.isalnum())
