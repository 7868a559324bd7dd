"""Jobs for sentences, sent beside the request's path: a thread of its own, after the answer is on record."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from lambda_app.logs import log
from understudy.contracts.sentences import SentenceKey
from understudy.errors import UserError
from understudy.queues import JobQueue, QueueError, open_queue

__all__ = ["SentenceJobs"]

# An environment orders the same sentence at most this often: the worker needs a while, and duplicates cost money.
AGAIN_SECONDS = 900.0
WAITING = 256
REMEMBERED = 10_000
BATCH = 10


class SentenceJobs:
    """Best effort on purpose: an order that is lost (the environment was frozen and reclaimed, the queue was down) is
    placed again by the next request that misses the same sentence. It is no write of the request: the answer neither
    waits for it nor depends on it.

    The thread starts with the first order, after any snapshot of the function was taken.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._waiting: queue.Queue[str] = queue.Queue(WAITING)
        self._placed: dict[str, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._queue: JobQueue | None = None

    def place(self, keys: Sequence[SentenceKey]) -> None:
        """Hand the keys over; those that were ordered lately, or for which there is no room, are left out."""
        with self._lock:
            for key in keys:
                if self._is_new(key.id):
                    try:
                        self._waiting.put_nowait(key.model_dump_json())
                    except queue.Full:
                        return
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_for_ever, name="sentence-jobs", daemon=True)
                self._thread.start()

    def _is_new(self, key_id: str) -> bool:
        now = self._clock()
        if now - self._placed.get(key_id, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return False
        if len(self._placed) >= REMEMBERED:
            self._placed.clear()
        self._placed[key_id] = now
        return True

    def _send_for_ever(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            try:
                if self._queue is None:
                    self._queue = open_queue(self._url)
                self._queue.send(batch)
            except (QueueError, UserError) as error:
                log("sentence_jobs_failed", error=type(error).__name__, jobs=len(batch))
