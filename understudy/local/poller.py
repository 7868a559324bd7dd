"""What Lambda's event source mapping does for SQS: hands waiting jobs to a function, and takes away those it did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from understudy.local.environment import FunctionError
from understudy.queues import JobQueue, QueueError

__all__ = ["Poller"]

IDLE_SECONDS = 0.3
BATCH = 10


class Poller:
    """Polls ``queue`` while the ``with`` block lasts; ``invoke`` runs the function on an event.

    A batch whose invocation failed, and the items that the function reports (``batchItemFailures``), come back.
    """

    def __init__(self, queue: JobQueue, invoke: Callable[[dict[str, Any]], Any]) -> None:
        self._queue = queue
        self._invoke = invoke
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="poller", daemon=True)

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                found = self._turn()
            except (QueueError, FunctionError):
                found = False
            if not found:
                self._stop.wait(IDLE_SECONDS)

    def _turn(self) -> bool:
        received = self._queue.receive(BATCH)
        if not received:
            return False
        records = [
            {"messageId": str(number), "receiptHandle": job.receipt, "body": job.body, "eventSource": "aws:sqs"}
            for number, job in enumerate(received)
        ]
        answer = self._invoke({"Records": records})
        failed = {str(item["itemIdentifier"]) for item in (answer or {}).get("batchItemFailures", [])}
        self._queue.done([job for number, job in enumerate(received) if str(number) not in failed])
        return True
