"""A model ready to be asked, from its id and the month's allowance."""

from __future__ import annotations

from collections.abc import Callable

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
    on_call: Callable[[CallRecord], None] | None = None,
) -> BedrockModel:
    """The model ``model_id`` on Bedrock, spending no more than ``allowance``.

    Raises:
        UserError: the model is not in the table of models.
    """
    budget = Budget(ledger, allowance)
    return BedrockModel(model_config(model_id), BotoConverse(), budget, guardrail=guardrail, on_call=on_call)
