"""Checks on the experts and the gates."""

from __future__ import annotations

from teacher.health.check import Check, verdict

__all__ = ["EXPERT_FLOOR", "experts_alive", "gates_vary"]

# Mean weight, in the task that uses it most, under which an expert is dead.
EXPERT_FLOOR = 1e-3


def experts_alive(weights: dict[str, list[float]], variation: dict[str, float]) -> Check:
    """Every named expert is used by some task and does not say the same about everybody.

    Args:
        weights: expert -> mean gate weight per task.
        variation: expert -> mean deviation of its output over customers.
    """
    faults = [
        f"{expert}: no task gives it more than {max(shares):.2g} of its weight"
        for expert, shares in weights.items()
        if not max(shares) >= EXPERT_FLOOR
    ]
    faults += [
        f"{expert}: its output is the same for everybody" for expert, value in variation.items() if not value > 1e-6
    ]
    return verdict("experts_alive", faults, f"{len(weights)} named experts in use")


def gates_vary(variation: list[list[float]], tasks: list[str]) -> Check:
    """Every gate depends on the customer.

    Args:
        variation: Per extraction layer and task, the largest deviation of a gate weight over customers.
    """
    faults = [
        f"layer {layer + 1}, {task}: the gate is the same for everybody"
        for layer, values in enumerate(variation)
        for task, value in zip(tasks, values, strict=True)
        if not value > 1e-7
    ]
    return verdict("gates_vary", faults[:3], "every gate depends on the customer")
