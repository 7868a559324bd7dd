"""From a URL to a queue."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import UserError
from understudy.queues.protocol import JobQueue

__all__ = ["open_queue"]


def open_queue(url: str) -> JobQueue:
    """Open ``sqlite:///absolute/path.sqlite``, or the ``https://`` URL of an SQS queue.

    Raises:
        UserError: the URL is neither.
        QueueError: the file cannot be opened.
    """
    if url.startswith("sqlite:///"):
        from understudy.queues.sqlite import SqliteQueue

        return SqliteQueue(Path(url.removeprefix("sqlite://")))
    if url.startswith(("https://", "http://")):
        from understudy.queues.sqs import SqsQueue

        return SqsQueue(url)
    raise UserError("not a queue", where=repr(url), fix="Use sqlite:///absolute/path.sqlite, or an SQS queue's URL.")
