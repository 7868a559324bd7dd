"""Amounts fixed by law that a disclosure may state."""

from __future__ import annotations

__all__ = ["DEPOSIT_PROTECTION_KRW"]

# Depositor Protection Act, Enforcement Decree art. 18(6), in force since 1 September 2025: per person and institution,
# principal and interest together.
DEPOSIT_PROTECTION_KRW = 100_000_000
