"""A model ready to be asked, from its id and the month's allowance."""

from __future__ import annotations

from collections.abc import Callable

from agents.bedrock.breaker import CircuitBreaker
from agents.bedrock.budget import Allowance, Budget
from agents.bedrock.client import BedrockModel, CallRecord, Guardrail
from agents.bedrock.converse import BotoConverse
from agents.bedrock.models import model_config
from understudy.stores.ledger import Ledger

__all__ = ["open_model"]


def open_model(
    model_id: str,
    ledger: Ledger,
    allowance: Allowance,
    *,
    guardrail: Guardrail | None = None,
    breaker: CircuitBreaker | None = None,
    temperature: float = 0.4,
    on_call: Callable[[CallRecord], None] | None = None,
) -> BedrockModel:
    """The model ``model_id`` on Bedrock, spending no more than ``allowance``; ``temperature`` is told to models that
    take sampling parameters.

    Raises:
        UserError: the model is not in the table of models.
    """
    budget = Budget(ledger, allowance)
    return BedrockModel(
        model_config(model_id),
        BotoConverse(),
        budget,
        breaker=breaker,
        guardrail=guardrail,
        temperature=temperature,
        on_call=on_call,
    )
