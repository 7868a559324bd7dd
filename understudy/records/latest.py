"""Which row of a customer counts, where a source has several."""

from __future__ import annotations

import pyarrow.compute as pc

from understudy.records.source import Source

__all__ = ["superseded"]

OLDER = "the source has a later row of this customer"
TWICE = "the source has another row of this customer with the same date"


def superseded(source: Source) -> dict[int, str]:
    """Position (over all files) of every row that does not count -> why.

    Of a customer's rows the one with the latest ``as_of`` counts. If the latest date stands on several, none of them
    does: which one is right, nobody can tell.
    """
    table = source.column("customer_id", "as_of")
    counts = pc.value_counts(table["customer_id"].combine_chunks())
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").drop_null()
    if len(twice) == 0:
        return {}
    positions = pc.indices_nonzero(pc.is_in(table["customer_id"], value_set=twice)).to_pylist()
    rows = table.take(positions).to_pylist()
    latest: dict[str, list[int]] = {}
    dates = {position: str(row["as_of"]) for position, row in zip(positions, rows, strict=True)}
    for position, row in zip(positions, rows, strict=True):
        best = latest.setdefault(row["customer_id"], [])
        if not best or dates[position] > dates[best[0]]:
            best[:] = [position]
        elif dates[position] == dates[best[0]]:
            best.append(position)
    counting = {best[0] for best in latest.values() if len(best) == 1}
    tied = {position for best in latest.values() if len(best) > 1 for position in best}
    return {p: TWICE if p in tied else OLDER for p in positions if p not in counting}
