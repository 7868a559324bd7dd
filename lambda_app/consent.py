"""Whether the customer may be approached, by this channel and at this hour.

Where the customer comes to the bank (branch, app) they may refuse to be told; where the bank comes to the customer they
must have agreed, and the quiet hours hold whatever they agreed to. There is no switch: a policy may lengthen the quiet
hours, never shorten them (see `ContactPolicy`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from understudy.contracts.catalog import ContactPolicy
from understudy.contracts.rights import OUTBOUND, Channel

__all__ = ["contact_refusal"]


def contact_refusal(
    channel: Channel, choices: Mapping[Channel, bool], policy: ContactPolicy, at: datetime
) -> str | None:
    """Why the customer may not be approached by ``channel`` at the time ``at``, or None."""
    agreed = choices.get(channel)
    if agreed is False:
        return f"consent: the customer refused {channel}"
    if channel not in OUTBOUND:
        return None
    if agreed is None:
        return f"consent: the customer has not agreed to {channel}"
    local = at.astimezone(timezone(timedelta(hours=policy.utc_offset_hours)))
    if local.hour >= policy.quiet_from or local.hour < policy.quiet_until:
        return f"quiet hours: no contact from {policy.quiet_from:02}:00 to {policy.quiet_until:02}:00"
    return None
