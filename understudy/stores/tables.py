"""Names and keys of the DynamoDB tables; the deployment creates them from this, and the store reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["AUDIT", "CUSTOMERS", "HEADS", "TABLES", "Table"]


@dataclass(frozen=True)
class Table:
    """A table with a partition key and perhaps a sort key, each (name, DynamoDB type)."""

    suffix: str
    partition: tuple[str, Literal["S", "N"]]
    sort: tuple[str, Literal["S", "N"]] | None = None

    def name(self, prefix: str) -> str:
        return f"{prefix}-{self.suffix}"


# item: "consent", or "record#<schema version>". Consent sorts first, so it is on the first page of any query.
CUSTOMERS = Table("customers", ("customer_id", "S"), ("item", "S"))
# A writer named "request#<id>" (no real writer holds a #), seq 0, points at the entry of that request.
AUDIT = Table("audit", ("writer", "S"), ("seq", "N"))
# One small item per writer, apart from the entries so that reading all heads costs little.
HEADS = Table("heads", ("writer", "S"))
TABLES = (CUSTOMERS, AUDIT, HEADS)
