"""The strict base of every contract, and readable validation errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from understudy.errors import UserError

__all__ = ["Contract", "Locale", "Name", "Sha256", "TaskType", "Text", "read_json", "read_toml", "validated"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TaskType = Literal["binary", "multiclass", "regression"]
Locale = Literal["ko", "en"]


class Contract(BaseModel):
    """Base of all contracts: immutable, unknown keys refused, no NaN or infinity unless a field allows it."""

    # Validators are built at first use: a cold start needs few of the contracts.
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )


class Text(Contract):
    """One piece of text in the two languages that the product speaks."""

    ko: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __getitem__(self, locale: Locale) -> str:
        return self.ko if locale == "ko" else self.en


C = TypeVar("C", bound=Contract)


def validated(model: type[C], data: Any, where: str) -> C:
    """Validate ``data`` as ``model``; a failure names every offending field.

    Raises:
        UserError: with one line per offending field.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UserError(
            "; ".join(_say(item) for item in error.errors()), where=where, fix="Correct the named fields."
        ) from None


def _say(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"]) or "(top level)"
    known = {"extra_forbidden": "unknown key", "missing": "is required"}
    return f"{field}: {known.get(item['type']) or str(item['msg']).removeprefix('Value error, ')}"


def read_toml(model: type[C], path: Path) -> C:
    """Read a TOML file as ``model``.

    Raises:
        UserError: the file is missing, is not TOML, or does not fit the contract.
    """
    import tomllib  # the function reads none when it starts

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), fix="Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path), fix="Correct the named line.") from None
    return validated(model, data, str(path))


def read_json(model: type[C], path: Path) -> C:
    """Read a JSON file as ``model``.

    Raises:
        UserError: the file is missing, is not JSON, or does not fit the contract.
    """
    import json

    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), fix="Check the path.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid JSON: {error}", where=str(path), fix="Restore the file.") from None
    return validated(model, data, str(path))
