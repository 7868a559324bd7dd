"""The 24 products: six families of four, and the four hidden circles that cut across the families."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["CIRCLES", "CIRCLE_OF", "FAMILIES", "FAMILY_OF", "PRODUCTS", "per_family", "product_table"]

_FAMILY_PRODUCTS: Final[dict[str, tuple[str, ...]]] = {
    "deposits": ("time_deposit", "instalment_savings", "green_deposit", "flex_savings"),
    "investments": ("bond_fund", "equity_fund", "index_fund", "els_note"),
    "accounts": ("everyday_account", "payroll_account", "fx_account", "household_account"),
    "lending": ("credit_loan", "mortgage", "jeonse_loan", "overdraft_line"),
    "payments": ("check_card", "credit_card", "travel_card", "mileage_card"),
    "insurance": ("health_cover", "life_cover", "annuity", "travel_cover"),
}

FAMILIES: Final = list(_FAMILY_PRODUCTS)
PRODUCTS: Final = [product for products in _FAMILY_PRODUCTS.values() for product in products]
FAMILY_OF: Final[NDArray[np.int64]] = np.repeat(np.arange(6), 4)
CIRCLES: Final = 4
CIRCLE_OF: Final[NDArray[np.int64]] = np.tile(np.arange(4), 6)
"""Circle of each product: customers of one circle tend to hold its products, whatever the family."""


def per_family(held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of products held in each family: ``[n, 24] -> [n, 6]``."""
    return np.asarray(held.reshape(-1, 6, 4).sum(axis=2))


def product_table() -> pa.Table:
    """The products as (product, family); the circles are hidden and never written."""
    return pa.table({"product": PRODUCTS, "family": [FAMILIES[family] for family in FAMILY_OF]})
