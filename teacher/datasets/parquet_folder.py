"""A source that is a folder of Parquet files: which they are, and whether one of them is gone."""

from __future__ import annotations

import re
from pathlib import Path

from understudy.errors import UserError

__all__ = ["folder_parts"]

_MONTH = re.compile(r"^(.*?)(\d{4})-(\d{2})(\D*)$")
_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_SPARK = "part-"  # these are numbered from 0, so that even the first one can be missed


def folder_parts(folder: Path) -> list[Path]:
    """The Parquet files of ``folder`` in the order of their names.

    Names that end in a month (``2026-01``) or in a number must follow one another without a gap: a file that was not
    copied would be months of missing events that nobody sees.

    Raises:
        UserError: there is no file, or one is missing; it is named.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise UserError("the folder holds no Parquet file", where=str(folder), fix="Check the path.")
    missing = _missing([path.stem for path in files])
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        fix = "Put the file back; if there is none for it, rename the others so that they follow one another."
        raise UserError(f"a part of the table is missing{more}", where=str(folder / f"{missing[0]}.parquet"), fix=fix)
    return files


def _missing(names: list[str]) -> list[str]:
    months = [_MONTH.match(name) for name in names]
    if all(months):
        found = {(m[1], 12 * int(m[2]) + int(m[3]) - 1, m[4]) for m in months if m}
        return [f"{a}{at // 12:04d}-{at % 12 + 1:02d}{b}" for a, at, b in _gaps(found)]
    numbers = [_NUMBER.match(name) for name in names]
    if all(numbers):
        width = min(len(n[2]) for n in numbers if n)
        found = {(n[1], int(n[2]), n[3]) for n in numbers if n}
        return [f"{a}{at:0{width}d}{b}" for a, at, b in _gaps(found)]
    return []


def _gaps(found: set[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """What lies between the first and the last place of each series and is not there."""
    gaps = []
    for before, after in sorted({(a, b) for a, _, b in found}):
        places = {at for a, at, b in found if (a, b) == (before, after)}
        first = 0 if before == _SPARK else min(places)
        gaps += [(before, at, after) for at in range(first, max(places) + 1) if at not in places]
    return gaps
