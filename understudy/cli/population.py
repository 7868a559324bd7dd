"""What a population of customers is recommended, and with which facts: the offline look at the online path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import UserError

if TYPE_CHECKING:
    from lambda_app.decision import Decider, Decision
    from understudy.bundle import Bundle
    from understudy.contracts._model import Locale
    from understudy.contracts.api import CustomerRecord

# A working day at noon in Seoul: nobody is left out because of the hour, and the same population decides the same.
NOON = datetime(2026, 1, 5, 3, tzinfo=UTC)

__all__ = ["decide_all", "records_of_run", "signatures"]


def records_of_run(run: Path, customers: int | None) -> Iterator[CustomerRecord]:
    """The latest record of each customer of a run's dataset, in row order.

    Raises:
        UserError: the run has no dataset.
    """
    from teacher.datasets import open_dataset
    from understudy.cli.serving import latest_rows

    folder = run / "data"
    if not folder.exists():
        raise UserError("there is no population", where=str(folder), fix="First: understudy run --dataset ...")
    dataset = open_dataset(folder)
    return islice(dataset.records(latest_rows(dataset)), customers)


def decide_all(
    bundle: Bundle,
    records: Iterator[CustomerRecord],
    *,
    locale: Locale,
    channel: str,
    decider: Decider | None = None,
) -> Iterator[tuple[CustomerRecord, Decision]]:
    """Every customer's decision, as the function would make it with no contacts so far: by ``decider``, or, without
    one, by ``bundle`` and its templates.
    """
    from lambda_app.decision import Decider as Deciding
    from understudy.contracts.api import RecommendationRequest

    decider = decider or Deciding(bundle)
    for record in records:
        fields = {"customer_id": record.customer_id, "locale": locale, "channel": channel}
        request = RecommendationRequest.model_validate(fields)
        yield record, decider.decide(request, record, opted_out=False, contacts=[], now=NOON)


def signatures(bundle: Bundle, records: Iterator[CustomerRecord]) -> Iterator[tuple[str, str]]:
    """(signature, product) of every recommendation that is told with facts."""
    for _, decision in decide_all(bundle, records, locale="en", channel="branch"):
        for recommendation in decision.recommendations:
            if recommendation.reason.signature and not recommendation.reason.note:
                yield recommendation.reason.signature, recommendation.product_id
