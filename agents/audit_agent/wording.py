"""How an audit's numbers are written."""

from __future__ import annotations

from agents.ops_agent.wording import number
from understudy.contracts.watch import Measurement

__all__ = ["told"]


def told(measurement: Measurement) -> str:
    """The value with its unit, a share in percent; or why there is none."""
    if measurement.value is None:
        return f"not known: {measurement.why}"
    if measurement.unit.startswith("share"):
        return f"{100 * measurement.value:.4g} %{measurement.unit.removeprefix('share')}"
    return f"{number(measurement.value)} {measurement.unit}".strip()
