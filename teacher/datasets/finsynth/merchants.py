"""The merchant-category tree: 10 branches, 20 sub-branches, 50 categories (ISO 18245 in spirit, names of our own)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["BRANCHES", "CATEGORIES", "LEAVES", "MID_OF", "SUBBRANCHES", "TOP_OF", "tree_table"]

TREE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "groceries": {
        "daily_food": ("supermarket", "convenience_store"),
        "fresh_food": ("bakery", "farm_market", "seafood"),
    },
    "dining": {"quick_meal": ("fast_food", "cafe"), "sit_down": ("korean_dining", "western_dining", "bar")},
    "transport": {"own_car": ("fuel", "parking"), "public_transport": ("bus_subway", "taxi", "train")},
    "travel": {"stay": ("hotel", "resort"), "trip": ("airline", "travel_agency", "duty_free")},
    "home": {"utilities": ("energy", "telecom"), "household": ("furniture", "appliances", "interior")},
    "health": {"clinic": ("hospital", "dentist"), "wellness": ("pharmacy", "gym", "optician")},
    "education": {"school": ("tuition", "kindergarten"), "learning": ("academy", "books", "online_course")},
    "leisure": {"culture": ("cinema", "concert"), "play": ("gaming", "streaming", "sports_club")},
    "fashion": {"clothing": ("apparel", "shoes"), "beauty": ("cosmetics", "hair_salon", "jewellery")},
    "services": {"dues": ("insurance_premium", "tax"), "care": ("pet_care", "laundry", "delivery")},
}

BRANCHES: Final = list(TREE)
SUBBRANCHES: Final = [mid for mids in TREE.values() for mid in mids]
CATEGORIES: Final = [leaf for mids in TREE.values() for leaves in mids.values() for leaf in leaves]
LEAVES: Final = len(CATEGORIES)
_PATHS: Final = [(leaf, mid, top) for top, mids in TREE.items() for mid, leaves in mids.items() for leaf in leaves]

MID_OF: Final[NDArray[np.int8]] = np.array([SUBBRANCHES.index(mid) for _, mid, _ in _PATHS], dtype=np.int8)
"""Sub-branch of each category ``[50]``. Every branch has one sub-branch of 2 categories and one of 3, in this order."""

TOP_OF: Final[NDArray[np.int8]] = np.array([BRANCHES.index(top) for _, _, top in _PATHS], dtype=np.int8)
"""Branch of each category ``[50]``; branch ``t`` owns categories ``5 t`` to ``5 t + 4``."""


def tree_table() -> pa.Table:
    """The tree as (node, parent, level): level 0 is the root ``all``, level 3 the categories."""
    rows: list[tuple[str, str | None, int]] = [("all", None, 0)]
    rows += [(top, "all", 1) for top in BRANCHES]
    rows += [(mid, top, 2) for top, mids in TREE.items() for mid in mids]
    rows += [(leaf, mid, 3) for leaf, mid, _ in _PATHS]
    node, parent, level = zip(*rows, strict=True)
    return pa.table({"node": pa.array(node), "parent": pa.array(parent), "level": pa.array(level, pa.int8())})
