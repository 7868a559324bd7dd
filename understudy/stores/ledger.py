"""What a store promises about amounts that all processes spend together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Ledger"]


class Ledger(Protocol):
    """Whole amounts (tokens, millionths of a dollar) spent per account. Every method may raise `StoreError`."""

    def spend(self, account: str, amounts: Mapping[str, int], limits: Mapping[str, int]) -> bool:
        """Add ``amounts`` (unit -> not negative) to the account, unless that exceeds a limit: all of them, or none."""

    def give_back(self, account: str, amounts: Mapping[str, int]) -> None:
        """Take ``amounts`` off the account again."""

    def spent(self, account: str) -> dict[str, int]:
        """Unit -> what the account has spent; ``tokens`` and ``micro_usd`` are always there."""
