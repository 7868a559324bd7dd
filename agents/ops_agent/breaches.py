"""Breaches that monitors have confirmed, as findings."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from agents.monitors import Breach
from agents.ops_agent.found import Found
from agents.ops_agent.wording import sentence
from understudy.contracts._model import Contract, Name, validated
from understudy.contracts.watch import Checkpoint7

__all__ = ["Rule", "breach_findings", "load_rules"]


class Rule(Contract):
    """What people are told of a breach of one line of the monitors' policy."""

    finding: Name
    checkpoint: Checkpoint7
    items: list[str]
    action: str


@cache
def load_rules() -> dict[str, Rule]:
    """Line of the policy -> what is told; every line has one."""
    tables = tomllib.loads((files("agents.ops_agent") / "breaches.toml").read_text(encoding="utf-8"))
    return {name: validated(Rule, table, f"breaches.toml, [{name}]") for name, table in tables.items()}


def breach_findings(breaches: Sequence[Breach], day: str) -> list[Found]:
    """A confirmed breach is red: its monitor has already waited until it was more than noise."""
    rules = load_rules()
    return [
        Found(
            id=rules[breach.rule].finding,
            severity=breach.severity,
            title=sentence(breach.title),
            cause=_cause(breach, day),
            action=rules[breach.rule].action,
            checkpoint=rules[breach.rule].checkpoint,
            failed=True,
            evidence=list(breach.evidence),
            items=tuple(rules[breach.rule].items),
        )
        for breach in breaches
    ]


def _cause(breach: Breach, day: str) -> str:
    began = "" if breach.since >= day else f" It most probably began on {breach.since}."
    return f"{sentence(breach.cause)}.{began}"
