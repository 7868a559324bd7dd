"""Whether the client takes what this API speaks: JSON."""

from __future__ import annotations

from lambda_app.http import HttpError

__all__ = ["check_acceptable"]

SPOKEN = {"*/*": 1, "application/*": 2, "application/json": 3}


def check_acceptable(accept: str) -> None:
    """Refuse if an ``Accept`` header rules JSON out (RFC 9110, section 12.5.1); an empty one rules nothing out.

    Of the ranges that match, the most specific decides; a weight of 0 means "not this".

    Raises:
        HttpError: 406.
    """
    if not accept.strip():
        return
    best = (0, False)
    for item in accept.split(","):
        media_range, *parameters = [part.strip().lower() for part in item.split(";")]
        if media_range in SPOKEN:
            best = max(best, (SPOKEN[media_range], _wanted(parameters)))
    if not best[1]:
        raise HttpError(406, "This API answers in application/json.")


def _wanted(parameters: list[str]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value) > 0
            except ValueError:
                return True  # a malformed weight is no refusal
    return True
