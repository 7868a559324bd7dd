"""The regulatory summary: each sentence links to what it rests on, and says UNKNOWN where there is nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import Field

from agents.audit_agent.bounds import load_bounds
from agents.audit_agent.wording import told
from understudy.contracts._model import Contract, Name, validated
from understudy.contracts.watch import Claim, Evidence, Measurement, Status

__all__ = ["claims", "worst"]

NOT_SO = "Not so"
NEARLY = "Near its bound, or beyond it by no more than chance"
ORDER: tuple[Status, ...] = ("FAIL", "UNKNOWN", "WARN", "PASS")


class _Duty(Contract):
    regulation: str
    text: str
    rests_on: list[Name] = Field(min_length=1)


class _Duties(Contract):
    claims: list[_Duty]


@cache
def duties() -> list[_Duty]:
    """What is claimed, in the order of the file."""
    source = files("agents.audit_agent") / "regulation.toml"
    return validated(_Duties, tomllib.loads(source.read_text(encoding="utf-8")), "regulation.toml").claims


def claims(measurements: Mapping[str, Measurement], statuses: Mapping[str, Status]) -> list[Claim]:
    """One claim for each duty."""
    return [_claim(duty, measurements, statuses) for duty in duties()]


def worst(statuses: list[Status]) -> Status:
    """A failure before what is not known, before a warning."""
    return min(statuses, key=ORDER.index)


def _claim(duty: _Duty, measurements: Mapping[str, Measurement], statuses: Mapping[str, Status]) -> Claim:
    status = worst([statuses.get(name, "UNKNOWN") for name in duty.rests_on])
    found = [measurements[name] for name in duty.rests_on if name in measurements]
    evidence: list[Evidence] = [one for measurement in found for one in measurement.evidence[:3]]
    text = duty.text
    if status == "UNKNOWN":
        absent = [name for name in duty.rests_on if statuses.get(name, "UNKNOWN") == "UNKNOWN"]
        reasons = [f"{_title(name)}: {_why(measurements.get(name))}" for name in absent]
        text = f"{duty.text} Not known: {'; '.join(reasons)}."
    elif status != "PASS":
        off = [name for name in duty.rests_on if statuses.get(name) == status]
        said = [f"{_title(name)}: {told(measurements[name])}" for name in off]
        text = f"{duty.text} {NOT_SO if status == 'FAIL' else NEARLY}: {'; '.join(said)}."
    return Claim(regulation=duty.regulation, text=text, status=status, evidence=evidence)


def _title(name: str) -> str:
    title = load_bounds()[name].title
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _why(measurement: Measurement | None) -> str:
    return "it was not measured" if measurement is None else str(measurement.why)
