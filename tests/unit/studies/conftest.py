"""The studies are scripts of the checkout, not a package of the product: they are found from its root."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
