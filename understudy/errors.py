"""Errors meant for people: what was wrong, where, and what to do about it."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(Exception):
    """Bad input or a refused action; the command line prints it without a traceback and exits with ``exit_code``.

    Args:
        what: What was wrong, in one sentence.
        where: The file, row, column or field concerned (for example ``people.csv, row 17, column age``).
        fix: What the reader can do about it.
        exit_code: 2 for bad input (default), 3 for a rejecting gate, 4 for refused data, 5 for a transient fault.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", exit_code: int = 2) -> None:
        self.what = what
        self.where = where
        self.fix = fix
        self.exit_code = exit_code
        parts = [f"{where}: {what}" if where else what]
        if fix:
            parts.append(fix)
        super().__init__("\n  ".join(parts))
