"""The shapes of path and query parameters: as strict as those of a body."""

from __future__ import annotations

import re

__all__ = ["CURSOR", "CUSTOMER", "DAY", "KIND", "LIMIT", "PARAMETERS"]

CURSOR = "^[A-Za-z0-9-]{1,64}$"
CUSTOMER = "^[A-Za-z0-9._:@-]{1,64}$"
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
KIND = "^(ops|nightly|weekly|quarterly)$"
LIMIT = "^([1-9]|[12][0-9]|3[01])$"

PARAMETERS = {
    name: re.compile(pattern.strip("^$"))
    for name, pattern in {
        "customer_id": CUSTOMER,
        "request_id": CURSOR,
        "review_id": CURSOR,
        "kind": KIND,
        "period": DAY,
    }.items()
}
