"""Settings that a function reads from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from understudy.contracts._model import Contract, validated

__all__ = ["EnvironmentSettings"]


class EnvironmentSettings(Contract):
    """Base of a function's settings: each field is the variable of the same name in upper case."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the upper-case names of the fields.

        Raises:
            UserError: a variable is missing or empty.
        """
        source = os.environ if environment is None else environment
        found = {name: source[name.upper()] for name in cls.model_fields if name.upper() in source}
        return validated(cls, found, "environment")
