"""Find the line of a TOML file that holds a field, so that an error can point at it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from understudy.contracts._model import Contract
from understudy.errors import UserError

__all__ = ["Location", "line_of", "line_of_mention", "read_toml_contract"]

C = TypeVar("C", bound=Contract)
Location = tuple[str | int, ...]

_QUOTED = re.compile(r"'([^']+)'")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")


def read_toml_contract(model: type[C], path: Path) -> C:
    """Read ``path`` as ``model``; every offending field is named with its line.

    Raises:
        UserError: the file is missing, is not TOML, or does not fit the contract.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), fix="Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path), fix="Correct the named line.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        said = [_say(text, item["type"], tuple(item["loc"]), str(item["msg"])) for item in error.errors()]
        raise UserError("; ".join(said), where=str(path), fix="Correct the named fields.") from None


def _say(text: str, kind: str, location: Location, message: str) -> str:
    known = {"extra_forbidden": "unknown key", "missing": "is required"}
    field = ".".join(str(part) for part in location) or "(top level)"
    line = line_of(text, location) if location else line_of_mention(text, message)
    place = f"line {line}, {field}" if line else field
    return f"{place}: {known.get(kind) or message.removeprefix('Value error, ')}"


def line_of(text: str, location: Location) -> int | None:
    """1-based line of the field at ``location`` (keys and list indices), or of the nearest table that holds it.

    A list index counts ``[[...]]`` headers. None where the file shows neither. Values that contain lines that look like
    headers could mislead the count; the line is a help for the reader, nothing depends on it.
    """
    lines = text.splitlines()
    start, rest = _table_start(lines, location)
    if rest:
        key = re.compile(rf"^\s*[\"']?{re.escape(str(rest[0]))}[\"']?\s*[=.]")
        for number in range(start, len(lines)):
            if _HEADER.match(lines[number]):
                break
            if key.match(lines[number]):
                return number + 1
    return start or None


def line_of_mention(text: str, message: str) -> int | None:
    """1-based line that last holds, as a TOML string, the first name that ``message`` gives (quoted, or after a colon).

    For what is wrong between fields (a column named twice), the second mention is the one to correct, and a list of
    columns rather than a field of its own.
    """
    for name in [*_QUOTED.findall(message), *re.split(r"[,\s]+", message.rpartition(": ")[2])]:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if f'"{name}"' in line]
        if name and lines:
            return next((number for number, line in reversed(lines) if "[" in line), lines[-1][0])
    return None


def _table_start(lines: list[str], location: Location) -> tuple[int, Location]:
    """Line number (1-based, 0 if none) of the header of the deepest table on the way, and what is left of the path."""
    best, left = 0, location
    counts: dict[str, int] = {}
    current: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        header = _HEADER.match(line)
        if not header:
            continue
        name = header.group(2).replace('"', "").replace(" ", "")
        if header.group(1) == "[[":
            counts[name] = counts.get(name, -1) + 1
            # The arrays inside a new element start again.
            for inner in [other for other in counts if other.startswith(f"{name}.")]:
                del counts[inner]
                current.pop(inner, None)
            current[name] = counts[name]
        path = _path(name, current)
        if len(path) > len(location) - len(left) and location[: len(path)] == path:
            best, left = number, location[len(path) :]
    return best, left


def _path(name: str, current: dict[str, int]) -> Location:
    parts: list[str | int] = []
    for index, part in enumerate(name.split(".")):
        parts.append(part)
        prefix = ".".join(name.split(".")[: index + 1])
        if prefix in current:
            parts.append(current[prefix])
    return tuple(parts)
