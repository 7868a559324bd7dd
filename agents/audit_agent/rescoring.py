"""The same bundle must give the same answer: the sampled decisions are made again and held against the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agents.audit_agent.replay import Replay, ReplayError, differences
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["rescored"]

NAME = "rescored_alike"
NAMED = 20


def rescored(period: str, contents: Mapping[str, Mapping[str, Any]], replay: Replay | None) -> Measurement:
    """Share of the decisions in ``contents`` (place -> content) that come out the same to the last bit.

    Compared are those of the version that serves; of others, and of those for which the previous champion spoke, is
    said how many there were.
    """
    if replay is None:
        return _unknown(period, "nothing was given that could decide again")
    if not contents:
        return _unknown(period, "no decision was drawn that can be opened")
    places = sorted(contents)
    try:
        replayed = replay([contents[place] for place in places])
    except ReplayError as error:
        return _unknown(period, str(error))
    compared, left = 0, Counter[str]()
    differing: dict[str, list[str]] = {}
    for place, again in zip(places, replayed.answers, strict=True):
        if contents[place]["model_version"] != replayed.model_version:
            left["of another version"] += 1
        elif again is None:
            left["by the previous champion"] += 1
        else:
            compared += 1
            found = differences(contents[place], again)
            if found:
                differing[place] = found
    if not compared:
        return _unknown(period, f"no drawn decision is of the version that serves, {replayed.model_version}")
    evidence = [Evidence(kind="audit", ref=place) for place in sorted(differing)[:NAMED]]
    parts = Counter(part for found in differing.values() for part in found)
    return Measurement(
        name=NAME,
        period=period,
        value=1 - len(differing) / compared,
        n=compared,
        unit="share",
        detail={
            "model_version": replayed.model_version,
            "differing": len(differing),
            "parts": dict(sorted(parts.items())),
            "not compared": dict(sorted(left.items())),
        },
        evidence=evidence or [Evidence(kind="audit", ref=places[0]), Evidence(kind="audit", ref=places[-1])],
    )


def _unknown(period: str, why: str) -> Measurement:
    return Measurement(name=NAME, period=period, value=None, why=why)
