"""Names and keys of the DynamoDB tables; the deployment creates them from this, and the store reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["AUDIT", "CUSTOMERS", "HEADS", "OVERSIGHT", "SENTENCES", "SPENDING", "TABLES", "Table"]


@dataclass(frozen=True)
class Table:
    """A table with a partition key and perhaps a sort key, each (name, DynamoDB type).

    ``ttl`` names the attribute (seconds since 1970) by which the service removes what has expired.
    """

    suffix: str
    partition: tuple[str, Literal["S", "N"]]
    sort: tuple[str, Literal["S", "N"]] | None = None
    ttl: str | None = None

    def name(self, prefix: str) -> str:
        return f"{prefix}-{self.suffix}"


# item: "choices", "contacts", "corrections", "record#<schema version>" or "decision#<time>#<request id>". A partition
# named "erased#<pseudonym>" (no customer id holds a #) notes an erasure.
CUSTOMERS = Table("customers", ("customer_id", "S"), ("item", "S"), ttl="expires_at")
# Kill switches and reviews: apart from the customers, so that who may read which is a matter of permissions.
OVERSIGHT = Table("oversight", ("subject", "S"), ("item", "S"), ttl="expires_at")
# A writer named "request#<id>" (no real writer holds a #), seq 0, points at the entry of that request.
AUDIT = Table("audit", ("writer", "S"), ("seq", "N"))
# One small item per writer, apart from the entries so that reading all heads costs little.
HEADS = Table("heads", ("writer", "S"))
# Sentences with slots, by the hash of their key; no personal data.
SENTENCES = Table("sentences", ("id", "S"))
# Tokens and money spent on language models, per purpose and month.
SPENDING = Table("spending", ("account", "S"))
TABLES = (CUSTOMERS, OVERSIGHT, AUDIT, HEADS, SENTENCES, SPENDING)
