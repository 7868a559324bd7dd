"""What is known of each model: how it is asked for JSON, and what it costs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract, read_toml
from understudy.errors import UserError

__all__ = ["ModelConfig", "OutputMode", "load_models", "model_config"]

OutputMode = Literal["native", "strict_tool_auto", "forced_tool", "json_text"]


class ModelConfig(Contract):
    """One model. Prices are USD per million tokens, that is, micro-dollars per token."""

    id: str = Field(pattern=r"^[A-Za-z0-9._:/-]{1,200}$", description="model id, inference profile id or ARN")
    output_mode: OutputMode
    input_usd_per_mtok: float = Field(gt=0)
    output_usd_per_mtok: float = Field(gt=0)
    priced_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    sampling: bool = True
    max_output_tokens: int = Field(default=600, ge=16, le=4096)

    def micro_usd(self, input_tokens: int, output_tokens: int) -> int:
        """What a call costs at list price, in millionths of a dollar, rounded up."""
        return math.ceil(input_tokens * self.input_usd_per_mtok + output_tokens * self.output_usd_per_mtok)


class _Models(Contract):
    schema_version: Literal[1]
    models: list[ModelConfig] = Field(min_length=1)


def load_models(path: Path | None = None) -> dict[str, ModelConfig]:
    """Model id -> its entry, from ``path`` or the table of the package.

    Raises:
        UserError: the table is unusable, or names a model twice.
    """
    source = path or Path(__file__).with_name("models.toml")
    models = read_toml(_Models, source).models
    found = {model.id: model for model in models}
    if len(found) < len(models):
        raise UserError("a model is named twice", where=str(source), fix="Give each model id one entry.")
    return found


def model_config(model_id: str) -> ModelConfig:
    """The entry of ``model_id``.

    Raises:
        UserError: nobody said how it is asked and what it costs.
    """
    models = load_models()
    if model_id not in models:
        fix = f"Add it to agents/bedrock/models.toml; known: {', '.join(models)}."
        raise UserError(f"unknown model {model_id!r}", where="model id", fix=fix)
    return models[model_id]
