"""Tell the state machine of a distillation how a person decided on its bundle."""

from __future__ import annotations

import json
from typing import Any

from understudy.contracts.promotion import Promotion
from understudy.errors import UserError

__all__ = ["WaitingFlow"]


class WaitingFlow:
    """An execution that waits for a sign-off, known by its task token (from the message that asked for it)."""

    def __init__(self, token: str) -> None:
        import boto3

        self._token = token
        self._client: Any = boto3.client("stepfunctions")

    def check(self) -> None:
        """Whether somebody still waits; before anything is decided.

        Raises:
            UserError: the token is wrong, the time is over, or the service cannot answer.
        """
        self._call("send_task_heartbeat", fix="Copy the whole token of the message, or promote without one.")

    def answer(self, record: Promotion) -> None:
        """Send the outcome: the execution ends in Promoted, or in NotPromoted.

        Raises:
            UserError: it could not be sent. What was decided stands, and is in the audit log.
        """
        output = json.dumps(
            {"outcome": record.outcome, "model_version": record.challenger, "operator": record.operator}
        )
        fix = f"The decision stands. Send it by hand: aws stepfunctions send-task-success --task-output '{output}'."
        self._call("send_task_success", fix=fix, output=output)

    def _call(self, operation: str, *, fix: str, **request: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(taskToken=self._token, **request)
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"the state machine did not take it: {error}", where="--task-token", fix=fix) from None
