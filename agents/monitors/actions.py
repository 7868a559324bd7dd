"""From confirmed breaches to what the policy sets off: each once, audited, and told in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agents.evidence.history import History, days_before
from agents.monitors.config import ActionKind, MonitorConfig
from agents.monitors.day import Breach
from agents.monitors.executors import OPERATOR, Alarms, KillSwitchSetter, Retraining
from understudy.audit import AuditLog
from understudy.contracts.oversight import KillSwitchRequest

__all__ = ["Executors", "act"]

AGAIN_DAYS = 7  # a breach that lasts is told again after so many days, and not every night
LOOK_BACK = 7


@dataclass(frozen=True)
class Executors:
    """Who does what; None: nobody can, and the report says so.

    ``since`` is written into a kill switch: the time of the night's run (ISO 8601).
    """

    log: AuditLog
    since: str
    alarms: Alarms | None = None
    switches: KillSwitchSetter | None = None
    retraining: Retraining | None = None


def act(
    day: str, breaches: Sequence[Breach], config: MonitorConfig, executors: Executors, history: History
) -> list[dict[str, Any]]:
    """Do what the policy says about each breach, and record it in the audit log before it is told.

    A breach that was told within the last week sets nothing off again, unless it has become more severe. A day that is
    run again sets nothing off again: what was done is kept in ``history`` after every single action.

    Returns:
        One small JSON object an action: ``action``, ``rule``, ``target``, ``since``, ``done`` (where it went, or why it
        was not done).

    Raises:
        UserError, StoreError, AuditError: an action could not be carried out; those before it are kept.
    """
    kept: dict[str, Any] = history.state("actions", day) or {"told": _told(history, day), "done": {}}
    for breach in breaches:
        actions = getattr(config.policy, breach.rule)
        for action in actions:
            key = f"{action}/{breach.rule}/{breach.target}"
            if key in kept["done"] or not _is_news(kept["told"].get(key), breach, day):
                continue
            kept["done"][key] = _done(day, action, breach, executors)
            kept["told"][key] = {"day": day, "severity": breach.severity}
            history.put_state("actions", day, kept)
    history.put_state("actions", day, kept)
    return list(kept["done"].values())


def _told(history: History, day: str) -> dict[str, Any]:
    for earlier in days_before(day, LOOK_BACK):
        state = history.state("actions", earlier)
        if state is not None:
            return dict(state["told"])
    return {}


SEVERITIES = ("minor", "major", "critical")


def _is_news(told: Mapping[str, str] | None, breach: Breach, day: str) -> bool:
    if told is None:
        return True
    worse = SEVERITIES.index(breach.severity) > SEVERITIES.index(told["severity"])
    return worse or (date.fromisoformat(day) - date.fromisoformat(told["day"])).days >= AGAIN_DAYS


def _done(day: str, action: ActionKind, breach: Breach, executors: Executors) -> dict[str, Any]:
    record = {
        "action": action,
        "rule": breach.rule,
        "measurement": breach.measurement,
        "severity": breach.severity,
        "title": breach.title,
        "target": breach.target,
        "since": breach.since,
    }
    done = _carried_out(day, action, breach, executors)
    told = record | {"done": done, "by": OPERATOR}
    executors.log.append("operation", {"operation": "monitor_action", "day": day, "operator": OPERATOR, **told})
    return told


def _carried_out(day: str, action: ActionKind, breach: Breach, executors: Executors) -> str:
    if action == "propose_kill_switch":
        wanted = _switch(breach)
        name = wanted.scope if wanted.target is None else f"{wanted.scope}:{wanted.target}"
        return f"proposed: kill switch {name}, strategy {wanted.strategy}; a person decides"
    if action == "kill_switch":
        switches = executors.switches
        return switches.set(_switch(breach), executors.since) if switches else "not done: no kill switch can be set"
    if action == "retrain":
        asked = {"rule": breach.rule, "title": breach.title, "since": breach.since}
        return executors.retraining.ask(day, asked) if executors.retraining else "not done: nobody is to be told"
    text = f"Likely cause: {breach.cause}.\nSince: {breach.since}.\nMeasured by: {breach.measurement}."
    alarms = executors.alarms
    return alarms.tell(day, breach.severity, breach.title, text) if alarms else "not done: there is no alarm topic"


def _switch(breach: Breach) -> KillSwitchRequest:
    scope, _, target = breach.target.partition(":")
    reason = f"confirmed by a monitor since {breach.since}: {breach.title}"[:500]
    return KillSwitchRequest.model_validate(
        {
            "scope": scope,
            "target": target or None,
            "strategy": "disable" if scope == "product" else "rules",
            "reason": reason,
        }
    )
