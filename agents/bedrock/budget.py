"""Tokens and money that a purpose may spend in a month, counted where all environments can see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import Field

from agents.bedrock.errors import BudgetSpentError
from understudy.contracts._model import Contract, Name
from understudy.stores.ledger import Ledger

__all__ = ["Allowance", "Budget"]


class Allowance(Contract):
    """What one purpose (``reasons``, ``ops``, ``audit``) may spend in a calendar month (UTC)."""

    purpose: Name
    tokens: int = Field(ge=0)
    micro_usd: int = Field(ge=0)


class Budget:
    """Reserves the most that a call can cost before it is made, and settles for what it did cost after it.

    A process that dies in between leaves its reservation spent: the books err on the side of spending less.
    """

    def __init__(
        self, ledger: Ledger, allowance: Allowance, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger = ledger
        self._limits = {"tokens": allowance.tokens, "micro_usd": allowance.micro_usd}
        self._purpose = allowance.purpose
        self._now = now

    @property
    def account(self) -> str:
        """The ledger's account of this month: ``reasons#2026-11``."""
        return f"{self._purpose}#{self._now():%Y-%m}"

    def reserve(self, tokens: int, micro_usd: int) -> str:
        """Set the most that a call can cost aside; returns the account to settle with.

        Raises:
            BudgetSpentError: that would exceed a limit; nothing was set aside.
            StoreError: the books cannot be read, so nothing may be spent.
        """
        account = self.account
        if not self._ledger.spend(account, {"tokens": tokens, "micro_usd": micro_usd}, self._limits):
            raise BudgetSpentError(account)
        return account

    def give_back(self, account: str, tokens: int, micro_usd: int) -> None:
        """Return what was set aside and not used.

        Raises:
            StoreError: the books cannot be written; the amounts stay spent.
        """
        if tokens or micro_usd:
            self._ledger.give_back(account, {"tokens": tokens, "micro_usd": micro_usd})

    def used(self) -> float:
        """The larger share of the two limits that this month has used; an operator is warned at 0.8."""
        spent = self._ledger.spent(self.account)
        return max((spent[k] / self._limits[k] if self._limits[k] else 1.0) for k in self._limits)
