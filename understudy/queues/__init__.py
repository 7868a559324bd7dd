"""Work that is done later: one protocol, SQLite and SQS."""

from understudy.queues.opening import open_queue
from understudy.queues.protocol import JobQueue, QueueError, Received

__all__ = ["JobQueue", "QueueError", "Received", "open_queue"]
