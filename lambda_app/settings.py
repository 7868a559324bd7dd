"""The function's environment, read and checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import Field

from understudy.contracts._model import Contract, validated

__all__ = ["Settings"]


class Settings(Contract):
    """Where the function finds what it needs; nothing else is read from the environment."""

    understudy_bundle: str = Field(min_length=1, description="directory, .zip or s3://bucket/key.zip")
    understudy_store: str = Field(min_length=1, description="URL of `understudy.stores.open_store`")
    understudy_audit_keys: str = Field(min_length=1, description="URL of `understudy.audit.open_keyring`")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the upper-case names of the fields.

        Raises:
            UserError: a variable is missing or empty.
        """
        source = os.environ if environment is None else environment
        found = {name: source[name.upper()] for name in cls.model_fields if name.upper() in source}
        return validated(cls, found, "environment")
