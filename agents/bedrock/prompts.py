"""Prompts are files with a version; what is filled into them is JSON, so that data stays data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from understudy.contracts._model import Contract, Name, read_toml
from understudy.errors import UserError

__all__ = ["Prompt", "PromptFile", "load_prompt"]

FOLDER = Path(__file__).parent.parent / "prompts"
_VARIABLE = re.compile(r"\{\{([a-z_]+)\}\}")


class PromptFile(Contract):
    """One prompt. ``{{name}}`` in ``user`` is replaced by the JSON of a variable; ``system`` has no variables."""

    name: Name
    version: int = Field(ge=1)
    system: str = Field(min_length=1)
    user: str = Field(min_length=1)

    @property
    def label(self) -> str:
        """``name@version``, as keys and audit entries carry it."""
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """sha256 over the words: they must not change without the version."""
        return hashlib.sha256(f"{self.system}\x00{self.user}".encode()).hexdigest()

    def fill(self, **variables: Any) -> Prompt:
        """Put the variables into the user's part, in one pass.

        Raises:
            UserError: a variable is missing, or one too many is given.
        """
        wanted = set(_VARIABLE.findall(self.user))
        if wanted != variables.keys():
            what = f"the prompt wants {sorted(wanted)}, not {sorted(variables)}"
            raise UserError(what, where=self.label, fix="Fill every variable, and no other.")
        said = {name: _json(value) for name, value in variables.items()}
        return Prompt(self.label, self.system, _replace(self.user, said))


@dataclass(frozen=True)
class Prompt:
    """What is sent: a fixed instruction, and one turn that holds the data."""

    label: str
    system: str
    user: str


def _json(value: Any) -> str:
    # Escaped, so that no data can close the markers around it: a "<" in the user part is the prompt's own.
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


def _replace(template: str, said: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: said[match[1]], template)


@cache
def load_prompt(name: str) -> PromptFile:
    """Read ``agents/prompts/<name>.toml``.

    Raises:
        UserError: it is missing or unusable, or bears another name.
    """
    path = FOLDER / f"{name}.toml"
    prompt = read_toml(PromptFile, path)
    if prompt.name != name:
        raise UserError(f"the prompt calls itself {prompt.name!r}", where=str(path), fix="Name it like its file.")
    if _VARIABLE.search(prompt.system):
        raise UserError("a variable in the system part", where=str(path), fix="Data belongs into the user part.")
    return prompt
