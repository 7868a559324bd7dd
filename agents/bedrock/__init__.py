"""Asks a language model on Amazon Bedrock, and fails closed: a caller always has a deterministic path beside it."""

from agents.bedrock.breaker import CircuitBreaker
from agents.bedrock.budget import Allowance, Budget
from agents.bedrock.client import Answer, BedrockModel, CallRecord, Guardrail, LanguageModel
from agents.bedrock.errors import BudgetSpentError, LlmError, LlmRefusedError, LlmUnavailableError
from agents.bedrock.models import ModelConfig, OutputMode, load_models
from agents.bedrock.opening import open_model
from agents.bedrock.prompts import Prompt, load_prompt

__all__ = [
    "Allowance",
    "Answer",
    "BedrockModel",
    "Budget",
    "BudgetSpentError",
    "CallRecord",
    "CircuitBreaker",
    "Guardrail",
    "LanguageModel",
    "LlmError",
    "LlmRefusedError",
    "LlmUnavailableError",
    "ModelConfig",
    "OutputMode",
    "Prompt",
    "load_models",
    "load_prompt",
    "open_model",
]
