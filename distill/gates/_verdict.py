"""Which layer serves a task, and whether the whole challenger is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.contracts.gates import GateName, GateResult, Layer

__all__ = ["Verdict", "decide_layer"]

PASSED = ("pass", "warn")


@dataclass(frozen=True)
class Verdict:
    """The layer of one task; ``rejects`` says whether the task rejects the challenger."""

    layer: Layer
    reason: str
    rejects: bool = False


def decide_layer(
    gates: dict[GateName, GateResult],
    *,
    teacher_skill: float | None,
    direct_skill: float | None,
    floor: float,
    direct_fairness: GateResult,
    on_failure: Literal["reject", "fallback"],
) -> Verdict:
    """Apply design section 5; a gate that is unknown counts as not passed.

    1. The teacher is under the floor (or its skill is unknown): the task is skipped, the rules serve.
    2. The teacher is under the skill bound: not worth copying, the direct student serves if it is fit.
    3. Fidelity or quality not passed: the direct student serves; under ``reject`` the challenger is rejected too.
    4. Fairness not passed: the distilled student is refused; a fit direct student serves, else the challenger is
       rejected.
    5. Benefit not passed: the direct student ships, if it is fit.
    6. Else the distilled student serves. Bypass only ever warns.

    The direct student is fit if its own skill is at or above the floor and its fairness passed. Where it is not, the
    rules serve.
    """
    if teacher_skill is None or teacher_skill < floor:
        shown = "unknown" if teacher_skill is None else f"{teacher_skill:.4g}"
        return Verdict("rules", f"skipped: the teacher's skill {shown} is under the floor {floor:.4g}")
    unfit = _unfit(direct_skill, floor, direct_fairness)
    stand_in: Layer = "rules" if unfit else "direct"
    instead = f"; the rules serve, because the direct student {unfit}" if unfit else "; the direct student serves"
    if not _passed(gates["skill"]):
        return Verdict(stand_in, f"the teacher is not worth copying: {gates['skill'].reason}{instead}")
    must_pass: tuple[GateName, ...] = ("fidelity", "quality")
    broken = [name for name in must_pass if not _passed(gates[name])]
    if broken:
        reason = "; ".join(f"{name} {gates[name].status}: {gates[name].reason}" for name in broken)
        return Verdict(stand_in, reason + instead, rejects=on_failure == "reject")
    if not _passed(gates["fairness"]):
        reason = f"fairness {gates['fairness'].status}: {gates['fairness'].reason}{instead}"
        return Verdict(stand_in, reason, rejects=unfit is not None)
    if not _passed(gates["benefit"]) and unfit is None:
        return Verdict("direct", f"distilling does not pay: {gates['benefit'].reason}")
    if not _passed(gates["benefit"]):
        return Verdict("distilled", f"distilling does not pay, but the direct student {unfit}")
    warned = [name for name, result in gates.items() if result.status == "warn"]
    return Verdict("distilled", "every gate passed" + (f", with warnings of {', '.join(warned)}" if warned else ""))


def _passed(result: GateResult) -> bool:
    return result.status in PASSED


def _unfit(skill: float | None, floor: float, fairness: GateResult) -> str | None:
    """Why the direct student may not serve, or None."""
    if skill is None or skill < floor:
        return f"has skill {'unknown' if skill is None else f'{skill:.4g}'}, under the floor {floor:.4g}"
    if not _passed(fairness):
        return f"has fairness {fairness.status}: {fairness.reason}"
    return None
