"""Add the file and line of the spec to what a later check says of one of its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from teacher.datasets.toml_lines import Location, line_of
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.specs import LoadedSpec

__all__ = ["naming_lines"]

_NAMED = re.compile(r"^(source|feature group|group|sequence|distribution|task) '([^']+)'(?:, (\w+))?")
_LISTS = {
    "source": "sources",
    "feature group": "groups",
    "group": "groups",
    "sequence": "sequences",
    "distribution": "distributions",
    "task": "tasks",
}
_FIELD = re.compile(r"^[a-z_]+(\.[\w-]+)*(?=$|,)")


@contextmanager
def naming_lines(loaded: LoadedSpec) -> Iterator[None]:
    """Let an error that points at a field of the spec (``task 'churn', label``) point at its file and line as well."""
    try:
        yield
    except UserError as error:
        if loaded.path is None or (location := _location(loaded.spec, error.where)) is None:
            raise
        line = line_of(loaded.path.read_text(encoding="utf-8-sig"), location)
        place = f"{loaded.path}, line {line}" if line else str(loaded.path)
        raise UserError(error.what, where=f"{place}, {error.where}", fix=error.fix, exit_code=error.exit_code) from None


def _location(spec: DatasetSpec, where: str) -> Location | None:
    named = _NAMED.match(where)
    if named:
        kind, name, field = named.groups()
        rows = [row.name for row in getattr(spec, _LISTS[kind])]
        if name in rows:
            return (_LISTS[kind], rows.index(name), *((field,) if field else ()))
        return None
    field_path = _FIELD.match(where)
    if field_path is None:
        return None
    parts: Location = tuple(field_path[0].split("."))
    return parts if parts[0] in DatasetSpec.model_fields else None
