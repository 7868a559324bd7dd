"""What a decision was made under, beside the record and the request: kept with it, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_app.decision import Limits
from lambda_app.kill_switch import Orders

__all__ = ["given", "limits_of"]


def given(unfit: str, contacts: Sequence[str], limits: Limits) -> dict[str, Any]:
    """Only what is out of the ordinary: of most decisions nothing."""
    orders = limits.orders
    ordained = {"tasks": dict(orders.tasks), "products": dict(orders.products), "stopped": orders.stopped}
    everything: dict[str, Any] = {
        "unfit": unfit,
        "contacts": list(contacts),
        "restriction": "" if limits.restriction == "none" else limits.restriction,
        "channels": dict(limits.channels),
        "orders": {name: value for name, value in ordained.items() if value},
    }
    return {name: value for name, value in everything.items() if value}


def limits_of(kept: Mapping[str, Any]) -> Limits:
    """The limits that `given` kept, but for the previous champion, which is not asked again."""
    return Limits(
        restriction=kept.get("restriction", "none"),
        channels=kept.get("channels", {}),
        orders=Orders(**kept.get("orders", {})),
    )
