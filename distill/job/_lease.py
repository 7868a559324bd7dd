"""Who may write to an output in S3: a lease in the output itself, renewed while its holder lives."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from understudy.errors import UserError
from understudy.objects import ObjectChangedError, Objects

__all__ = ["Lease", "hold"]

NAME = "lease.json"
# A killed job leaves its lease behind; whoever comes next waits this long at most.
SECONDS = 90.0


class Lease:
    """A lease that is held. Clocks of different machines need only agree to within the lease's length."""

    def __init__(self, objects: Objects, seconds: float, clock: Callable[[], float]) -> None:
        self._objects = objects
        self._seconds = seconds
        self._clock = clock
        self._holder = uuid4().hex
        self._lost: str | None = None
        self._tag = self._take()

    def _take(self) -> str:
        found = self._objects.read(NAME)
        if found is not None:
            until = float(json.loads(found.data)["until"])
            if until > self._clock():
                raise self._held()
        try:
            return self._objects.swap(NAME, self._content(), None if found is None else found.tag)
        except ObjectChangedError:
            raise self._held() from None

    def _held(self) -> UserError:
        fix = f"Try again: a job that was killed loses its lease after {self._seconds:.0f} s."
        return UserError("another job is writing to this output", where=self._objects.url, fix=fix, exit_code=5)

    def _content(self) -> bytes:
        return json.dumps({"holder": self._holder, "until": self._clock() + self._seconds}).encode()

    def renew(self) -> None:
        """Extend the lease. That it was lost is told by `require`."""
        try:
            self._tag = self._objects.swap(NAME, self._content(), self._tag)
        except ObjectChangedError:
            self._lost = "somebody else took it"
        except UserError:
            # The place cannot be reached: the lease stands until it runs out, and the next turn may succeed.
            return

    def require(self) -> None:
        """Before anything is written.

        Raises:
            UserError: (exit code 5) the lease was lost.
        """
        if self._lost:
            fix = "Run the job again; what is finished is kept."
            raise UserError(f"the lease was lost: {self._lost}", where=self._objects.url, fix=fix, exit_code=5)

    def release(self) -> None:
        """Let the next one in; nothing happens if the lease was lost."""
        if self._lost:
            return
        try:
            self._objects.swap(NAME, json.dumps({"holder": "", "until": 0.0}).encode(), self._tag)
        except ObjectChangedError:
            return


@contextmanager
def hold(objects: Objects, seconds: float = SECONDS, clock: Callable[[], float] = time.time) -> Iterator[Lease]:
    """Take the lease, renew it three times in its length, release it at the end.

    Raises:
        UserError: (exit code 5) another job holds it.
    """
    lease = Lease(objects, seconds, clock)
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(seconds / 3):
            lease.renew()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        stop.set()
        thread.join()
        lease.release()
