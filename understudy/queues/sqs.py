"""The cloud's queue: SQS. What was delivered too often goes to the dead-letter queue that the deployment attaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from understudy.queues.protocol import VISIBILITY_SECONDS, QueueError, Received

__all__ = ["SqsQueue"]

BATCH = 10  # the service's limit
CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 2})


class SqsQueue:
    """`JobQueue` on an SQS standard queue."""

    def __init__(self, url: str) -> None:
        self._url = url
        with self._answering():
            self._client = boto3.client("sqs", config=CLIENT)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise QueueError(f"{self._url}: {error}") from error

    def send(self, bodies: Sequence[str]) -> None:
        pending = iter(bodies)
        while batch := list(islice(pending, BATCH)):
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
            with self._answering():
                failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            if failed:
                raise QueueError(f"{self._url}: {len(failed)} of {len(batch)} jobs were not taken")

    def receive(self, limit: int = 10) -> list[Received]:
        with self._answering():
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, BATCH),
                VisibilityTimeout=int(VISIBILITY_SECONDS),
                WaitTimeSeconds=0,
            )
        return [Received(message["Body"], message["ReceiptHandle"]) for message in answer.get("Messages", [])]

    def done(self, received: Sequence[Received]) -> None:
        pending = iter(received)
        while batch := list(islice(pending, BATCH)):
            entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(batch)]
            with self._answering():
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def close(self) -> None:
        self._client.close()
