"""Bedrock's Converse operation through boto3, with a timeout taken from the time that is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.bedrock.errors import LlmRefusedError, LlmUnavailableError
from understudy.atomic import canonical_json

__all__ = ["BotoConverse", "Converse", "Reply"]

ATTEMPTS = 2
# Clients are made per timeout; few different ones, so that connections are reused.
TIMEOUTS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
CONNECT_SECONDS = 2.0
MARGIN_SECONDS = 0.5  # to record the outcome before the function itself is ended
THROTTLED = {"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException"}
# Wrong in themselves: asked again they would be refused again.
REFUSED = {"ValidationException", "AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"}


@dataclass(frozen=True)
class Reply:
    """What came back: the message's blocks, why it ended, and what it used."""

    content: list[dict[str, Any]]
    stop_reason: str
    input_tokens: int
    output_tokens: int
    retries: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical_json({"content": self.content, "stop": self.stop_reason})).hexdigest()


class Converse:
    """The seam between the client and the network. ``attempts``: how often one call may be billed."""

    attempts: int = 1

    def call(self, request: dict[str, Any], remaining: float) -> Reply:
        """Send ``request`` and wait at most ``remaining`` seconds.

        Raises:
            LlmUnavailableError: no answer.
            LlmRefusedError: the request was refused, or the answer has no form.
        """
        raise NotImplementedError


class BotoConverse(Converse):
    """Standard retries (two attempts). The endpoint follows ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``."""

    attempts = ATTEMPTS

    def __init__(self, make_client: Callable[[float], Any] | None = None) -> None:
        self._make = make_client or _client
        self._clients: dict[float, Any] = {}

    def call(self, request: dict[str, Any], remaining: float) -> Reply:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        each = (remaining - MARGIN_SECONDS) / self.attempts
        fitting = [timeout for timeout in TIMEOUTS if timeout <= each]
        if not fitting:
            raise LlmUnavailableError("no_time", f"{remaining:.1f} s left")
        try:
            return _reply(self._at(fitting[-1]).converse(**request))
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in REFUSED:
                raise LlmRefusedError("request_refused", code) from None
            raise LlmUnavailableError("throttled" if code in THROTTLED else "service_error", code) from None
        except ParamValidationError as error:
            raise LlmRefusedError("request_refused", str(error)) from None
        except BotoCoreError as error:
            raise LlmUnavailableError("no_answer", type(error).__name__) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # botocore's parser stumbles like this over JSON that is no answer of Converse.
            raise LlmUnavailableError("no_answer", f"malformed answer ({type(error).__name__})") from None

    def _at(self, timeout: float) -> Any:
        if timeout not in self._clients:
            self._clients[timeout] = self._make(timeout)
        return self._clients[timeout]


def _client(timeout: float) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=min(CONNECT_SECONDS, timeout),
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.client("bedrock-runtime", config=config)


def _reply(response: dict[str, Any]) -> Reply:
    usage = response["usage"]
    return Reply(
        content=[_readable(block) for block in response["output"]["message"]["content"]],
        stop_reason=str(response["stopReason"]),
        input_tokens=int(usage["inputTokens"]),
        output_tokens=int(usage["outputTokens"]),
        retries=int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0)),
    )


def _readable(block: dict[str, Any]) -> dict[str, Any]:
    """Text and tool calls; reasoning and other blocks are neither read nor sent back."""
    return {name: block[name] for name in ("text", "toolUse") if name in block}
