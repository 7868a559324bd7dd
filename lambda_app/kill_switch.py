"""What the kill switches in force ordain for one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.contracts.oversight import KillSwitch, Strategy

__all__ = ["Orders", "Previous", "orders"]

STRICTNESS: dict[Strategy, int] = {"previous": 0, "rules": 1, "disable": 2}
UNREADABLE = "the kill switches cannot be read: only rules speak"


@dataclass(frozen=True)
class Previous:
    """The champion before this one: its model version, or why it cannot speak."""

    model_version: str | None
    absent: str = ""


@dataclass(frozen=True)
class Orders:
    """What switches ordain.

    Attributes:
        tasks: Task -> strategy, where one is ordained; a switch of wider scope is spelled out task by task.
        products: Product -> strategy.
        stopped: Why nothing at all may be recommended; "" if something may.
        notes: What was ordained, for the answer and the audit entry.
    """

    tasks: Mapping[str, Strategy] = field(default_factory=dict)
    products: Mapping[str, Strategy] = field(default_factory=dict)
    stopped: str = ""
    notes: tuple[str, ...] = ()


def orders(
    switches: Sequence[KillSwitch] | None, tasks: Sequence[str], model_version: str, previous: Previous
) -> Orders:
    """Resolve ``switches`` (None: what is stored cannot be read, so no model speaks).

    Where several switches concern the same thing, the strictest counts: disable before rules before previous. Where
    the previous model is asked for and cannot speak, rules do.
    """
    if switches is None:
        return Orders(tasks=dict.fromkeys(tasks, "rules"), notes=(UNREADABLE,))
    if not switches:
        return Orders()
    whole = [s for s in switches if s.scope == "global" or (s.scope == "model" and s.target == model_version)]
    barred = [s for s in switches if s.scope == "model" and s.target == previous.model_version]
    absent = "it is switched off itself" if barred else previous.absent
    by_task = {task: [*whole, *(s for s in switches if (s.scope, s.target) == ("task", task))] for task in tasks}
    by_product: dict[str, list[KillSwitch]] = {}
    for switch in switches:
        if switch.scope == "product" and switch.target is not None:
            by_product.setdefault(switch.target, []).append(switch)
    applied = {s.name: s for found in (*by_task.values(), *by_product.values()) for s in found}
    return Orders(
        tasks={task: _available(strictest(found), absent) for task, found in by_task.items() if found},
        products={product: _available(strictest(found), absent) for product, found in by_product.items()},
        stopped=next((f"kill switch {s.name}: disabled" for s in whole if s.strategy == "disable"), ""),
        notes=tuple(_note(s, previous, absent) for _, s in sorted(applied.items())),
    )


def strictest(switches: Iterable[KillSwitch]) -> Strategy:
    """The strategy that counts where all of ``switches`` apply."""
    return max((s.strategy for s in switches), key=STRICTNESS.__getitem__)


def _available(strategy: Strategy, absent: str) -> Strategy:
    return "rules" if strategy == "previous" and absent else strategy


def _note(switch: KillSwitch, previous: Previous, absent: str) -> str:
    ordained = f"kill switch {switch.name}: {switch.strategy}"
    if switch.strategy != "previous":
        return ordained
    return f"{ordained}: rules, because {absent}" if absent else f"{ordained}: {previous.model_version}"
