"""The event tables of a partition: customers, holdings, transactions, monthly and dekad series, payroll moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.datasets.finsynth.columns import named, text
from teacher.datasets.finsynth.flows import FLOWS
from teacher.datasets.finsynth.indicators import INDICATORS
from teacher.datasets.finsynth.merchants import CATEGORIES
from teacher.datasets.finsynth.population import FIELDS, GENDERS, LIFE_STAGES, REGIONS, field_names
from teacher.datasets.finsynth.products import PRODUCTS
from teacher.datasets.finsynth.purchases import CHANNELS
from teacher.datasets.finsynth.simulate import Partition
from teacher.datasets.finsynth.timeline import (
    CUTOFF_QUARTERS,
    DEKAD_START,
    DEKADS,
    EPOCH_DAY,
    FIRST_HOLDING_MONTH,
    MONTH_START,
    MONTHS,
    day_to_date,
)

__all__ = ["event_tables"]

_SECONDS: Final = 86_400
_LOG_FLOWS: Final = ("salary_in", "savings_in", "transfers_out", "app_sessions", "balance", "atm_cash")


def event_tables(partition: Partition) -> Iterator[tuple[str, pa.Table]]:
    """(name, table) of every table of events, made one at a time: the stream of purchases is by far the largest."""
    yield "customers", _customers(partition)
    yield "holdings", _holdings(partition)
    yield "transactions", _transactions(partition)
    yield "monthly", _monthly(partition)
    yield "dekads", _dekads(partition)
    yield "indices", _indices(partition)
    yield "payroll_moves", _payroll_moves(partition)


def _ids(partition: Partition) -> NDArray[np.int32]:
    return np.arange(partition.first_customer, partition.first_customer + len(partition.people.age), dtype=np.int32)


def _dates(days: NDArray[Any]) -> pa.Array:
    return pa.array(days.astype(np.int32) + np.int32(EPOCH_DAY)).cast(pa.date32())


def _customers(partition: Partition) -> pa.Table:
    people = partition.people
    tolerance = pa.array(people.risk_tolerance, mask=people.risk_tolerance == 0)
    return pa.table(
        {
            "customer_id": _ids(partition),
            "age": people.age,
            "gender": text(people.gender, GENDERS),
            "region_type": text(people.region, REGIONS),
            "life_stage": text(people.life_stage, LIFE_STAGES),
            "income_krw": people.income_krw,
            "joined_on": _joined_on(people.tenure_months),
            "risk_tolerance": tolerance,
            **{name: text(getattr(people, name), field_names(name)) for name in FIELDS},
        }
    )


def _joined_on(tenure_months: NDArray[np.int16]) -> pa.Array:
    """First of the month that lies ``tenure_months`` before the first cutoff."""
    first_cutoff = np.datetime64(day_to_date(int(MONTH_START[3 * CUTOFF_QUARTERS[0]])), "M")
    return pa.array((first_cutoff - tenure_months.astype(np.int64)).astype("datetime64[D]"))


def _holdings(partition: Partition) -> pa.Table:
    own = partition.ownership
    customer, month, product = np.nonzero(own.held[:, FIRST_HOLDING_MONTH:])
    month = month + FIRST_HOLDING_MONTH
    opened = own.opened[customer, month, product].astype(np.float64)
    seconds = np.floor((opened + EPOCH_DAY) * _SECONDS).astype(np.int64)
    return pa.table(
        {
            "customer_id": _ids(partition)[customer],
            "month_end": _dates(MONTH_START[month + 1] - 1),
            "product": text(product, PRODUCTS),
            "opened_at": pa.array(seconds).cast(pa.timestamp("s")),
        }
    )


def _transactions(partition: Partition) -> pa.Table:
    ids = _ids(partition)
    parts = [
        pa.table(
            {
                "customer_id": ids[quarter.customer],
                "date": _dates(quarter.day),
                "amount_krw": quarter.amount,
                "category": text(quarter.category, CATEGORIES),
                "channel": text(quarter.channel, CHANNELS),
                "price_tier": quarter.tier,
            }
        )
        for quarter in partition.quarters
    ]
    return pa.concat_tables(parts)


def _monthly(partition: Partition) -> pa.Table:
    n = len(partition.people.age)
    purchases = np.stack([_per_month(q.day, q.customer, n) for q in partition.quarters], axis=1).reshape(n, MONTHS)
    values: dict[str, Any] = {
        "customer_id": np.repeat(_ids(partition), MONTHS),
        "month_end": _dates(np.tile(MONTH_START[1:] - 1, n)),
        "spend": partition.spend.reshape(n, MONTHS, 3).sum(axis=2).ravel(),
        "purchases": purchases.ravel(),
        "products": partition.ownership.held.sum(axis=2).astype(np.int8).ravel(),
        **{name: partition.flows.values[name].ravel() for name in FLOWS},
    }
    values["log_spend"] = np.log1p(values["spend"]).astype(np.float32)
    values |= {f"log_{name}": np.log1p(values[name]) for name in _LOG_FLOWS}
    return pa.table(values)


def _per_month(day: NDArray[np.int16], customer: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    month = np.searchsorted(MONTH_START, day, side="right") - 1
    first = int(month[0]) // 3 * 3
    return np.bincount(customer * 3 + month - first, minlength=3 * n).reshape(n, 3).astype(np.int32)


def _dekads(partition: Partition) -> pa.Table:
    n = len(partition.people.age)
    spend = partition.spend.ravel()
    return pa.table(
        {
            "customer_id": np.repeat(_ids(partition), DEKADS),
            "dekad_end": _dates(np.tile(DEKAD_START[1:] - 1, n)),
            "spend": spend,
            "log_spend": np.log1p(spend).astype(np.float32),
        }
    )


def _indices(partition: Partition) -> pa.Table:
    """The ten indices, published on the day before each cutoff."""
    parts = []
    for snapshot in partition.snapshots:
        history = snapshot.history
        values = named("", INDICATORS, history.indicators)
        day = np.full(len(history.indicators), history.cutoff_day - 1)
        parts.append(pa.table({"customer_id": _ids(partition), "published_on": _dates(day)} | values))
    return pa.concat_tables(parts)


def _payroll_moves(partition: Partition) -> pa.Table:
    customer = np.concatenate([who for who, _ in partition.payroll_moves])
    day = np.concatenate([when for _, when in partition.payroll_moves])
    return pa.table({"customer_id": _ids(partition)[customer], "date": _dates(day)})
