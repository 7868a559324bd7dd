"""Is any group served worse?

Every group of every protected attribute, and every intersection of two attributes (women in the country), is compared
with all other groups of that attribute or pair. What counts as a
decision is in ``distill.metrics._decisions``. Four measures:

- *KL ratio*: mean divergence of the student from the teacher in the group, over that of all rows. KL in nats; for a
  regression task ``(t - s)^2 / (2 sd^2)`` with the labels' standard deviation, the KL of two normals of that spread.
- *DI*, disparate impact: share of yes in the group / among the others; its distance from parity is one minus the
  smaller share over the larger.
- *SPD*, statistical parity difference: the difference of these shares.
- *EOD*, equal opportunity difference (Hardt et al., NeurIPS 2016): the difference of the true positive rates.

Groups differ in what really happens to them (older customers churn less), and a student that learned this breaks a
bound on DI or SPD without having added anything. So a measure *fails* only if it breaks its bound **and** the student
is worse than the teacher by more than a tenth of the bound's room **and** by more than noise. A broken bound that the
teacher shares is inherited: the gate *warns*, with the teacher's value and the labels' own beside it, and a person
decides. The KL ratio compares student and teacher by itself: it fails if it is above its bound beyond noise and the
group's own divergence is not negligible.

Noise is a one-sided normal test with the bootstrap's standard error, at a level divided by the number of comparisons
of the task (Bonferroni): with dozens of groups and decisions some would cross any bound by chance. Half of the level
goes to single attributes and half to intersections, so that the hundreds of the latter do not hide the former.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from distill.gates._disparity import GroupCounts, count_groups
from distill.gates._evidence import Evidence
from distill.metrics import Bootstrapped, kl_rows, outcomes
from understudy.contracts.gates import GateConfig, GateResult, Measure

__all__ = ["NEGLIGIBLE_DIVERGENCE", "fairness"]

Floats = NDArray[np.float64]

# Nats. At p = .5 this is a difference of .05 in probability, the size of the bound on calibration error.
NEGLIGIBLE_DIVERGENCE = 0.005
# A student must be worse than the teacher by this share of the bound's room before it is to blame.
MATERIAL = 0.1


@dataclass(frozen=True)
class _Finding:
    """One measure of one group: how far it is off, and whether that is the student's doing.

    ``broken``: the value is outside the bound. ``excess``: what must be positive beyond noise for a failure.
    """

    measure: Measure
    broken: bool
    material: bool
    excess: Bootstrapped

    def blames(self, z: float) -> bool:
        error = float(self.excess.standard_error())
        value = float(self.excess.value)
        return self.broken and self.material and np.isfinite(error) and value > z * error and value > 0


def fairness(evidence: Evidence, model: Literal["distilled", "direct"] = "distilled") -> GateResult:
    """The fairness gate of one task; the direct student is not held to the KL ratio, it need not copy the teacher.

    Unknown if no protected attribute has two groups with enough test rows.
    """
    single = list(_findings(evidence, model, evidence.protected))
    crossed = list(_findings(evidence, model, _intersections(evidence.protected)))
    findings = [*single, *crossed]
    threshold = _threshold(evidence.config, model)
    if not findings:
        reason = "no protected attribute with two groups of enough test rows: name them under [protected]"
        return GateResult(gate="fairness", status="unknown", measures=[], threshold=threshold, reason=reason)
    level = (1 - evidence.config.confidence) / sum(bool(family) for family in (single, crossed))
    failed = [f.measure.name for family in (single, crossed) for f in _blamed(family, level)]
    broken = [f.measure.name for f in findings if f.broken]
    status: Literal["fail", "warn", "pass"] = "fail" if failed else "warn" if broken else "pass"
    reason = {
        "fail": f"worse than the teacher beyond noise: {_some(failed)}",
        "warn": f"outside the bound, but not worse than the teacher beyond noise: {_some(broken)}",
        "pass": f"all {len(findings)} comparisons are within bounds",
    }[status]
    # There are hundreds of intersections: those outside a bound are listed, the others are counted.
    measures = [finding.measure for finding in [*single, *(f for f in crossed if f.broken)]]
    if crossed:
        rows = min(finding.measure.rows for finding in crossed)
        measures.append(Measure(name="intersections_compared", value=float(len(crossed)), rows=rows))
    return GateResult(gate="fairness", status=status, measures=measures, threshold=threshold, reason=reason)


def _blamed(family: list[_Finding], level: float) -> list[_Finding]:
    """Those of a family of comparisons that fail at ``level``, shared out among them (Bonferroni)."""
    z = NormalDist().inv_cdf(1 - level / len(family)) if family else 0.0
    return [finding for finding in family if finding.blames(z)]


def _intersections(protected: dict[str, NDArray[np.str_]]) -> dict[str, NDArray[np.str_]]:
    """Every pair of attributes -> the joint group of each row, "" where either is unknown."""
    found = {}
    for (one, left), (two, right) in combinations(sorted(protected.items()), 2):
        joint = np.char.add(np.char.add(left, " & "), right)
        found[f"{one} & {two}"] = np.where((left == "") | (right == ""), "", joint)
    return found


def _some(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _threshold(config: GateConfig, model: str) -> str:
    parts = [
        f"DI in [{config.fairness_di:g}, {1 / config.fairness_di:g}]",
        f"|SPD| <= {config.fairness_spd:g}",
        f"|EOD| <= {config.fairness_eod:g}",
        f"groups of at least {config.fairness_min_rows} rows",
        "or not worse than the teacher",
    ]
    return "; ".join([f"KL ratio <= {config.fairness_kl_ratio:g}", *parts] if model == "distilled" else parts)


def _findings(
    evidence: Evidence, model: Literal["distilled", "direct"], protected: dict[str, NDArray[np.str_]]
) -> Iterator[_Finding]:
    known = ~np.isnan(evidence.labels)
    outcome = np.zeros_like(evidence.decisions[model])
    outcome[known] = outcomes(evidence.task.type, evidence.known, evidence.train_labels, evidence.task.width)
    decisions = {"student": evidence.decisions[model], "teacher": evidence.decisions["teacher"]}
    divergence = _divergence(evidence, model)
    least = evidence.config.fairness_min_rows
    for attribute, groups in sorted(protected.items()):
        counts = count_groups(evidence.resampler, groups, decisions, outcome, known, divergence)
        for index, group in enumerate(counts.names):
            if not counts.comparable(index, least, of=counts.size).all():
                continue
            label = f"{attribute}={group}"
            if model == "distilled":
                yield _kl_ratio(counts, index, label, evidence.config)
            yield from _selection(evidence, counts, index, label)
            yield from _opportunity(evidence, counts, index, label)


def _divergence(evidence: Evidence, model: Literal["distilled", "direct"]) -> Floats:
    teacher, student = evidence.predictions["teacher"], evidence.predictions[model]
    if evidence.task.type != "regression":
        return kl_rows(teacher, student)
    return np.asarray((teacher - student) ** 2 / (2 * np.nanvar(evidence.train_labels)), dtype=np.float64)


def _kl_ratio(counts: GroupCounts, group: int, label: str, config: GateConfig) -> _Finding:
    ratio, own = counts.divergence_ratio(group), counts.mean_divergence(group)
    found = Bootstrapped(ratio[0], ratio[1:])
    measure = _measure(f"kl_ratio[{label}]", found, counts.rows(group), config, f"mean divergence {own[0]:.4g} nats")
    excess = Bootstrapped(found.value - config.fairness_kl_ratio, found.samples - config.fairness_kl_ratio)
    return _Finding(
        measure=measure,
        broken=bool(found.value > config.fairness_kl_ratio),
        material=bool(own[0] > NEGLIGIBLE_DIVERGENCE),
        excess=excess,
    )


def _selection(evidence: Evidence, counts: GroupCounts, group: int, label: str) -> Iterator[_Finding]:
    """DI and SPD of the group; of several decisions, the one that is worst for the student."""
    config = evidence.config
    rates = {model: counts.selection_rates(model, group) for model in ("student", "teacher", "label")}
    said = np.maximum(counts.yes["student"], counts.yes["teacher"])
    # A ratio of shares needs some yes on both sides to be more than noise: a third of the least rows.
    enough = counts.comparable(group, config.fairness_min_rows / 3, of=_expected(said, counts.size))
    if enough.any():
        ratios = {model: own / rest for model, (own, rest) in rates.items()}
        # The smaller share over the larger: bounded, where a ratio of two nearly empty shares explodes.
        off = {model: 1 - np.minimum(ratio, 1 / ratio) for model, ratio in ratios.items()}
        yield _worst(evidence, f"di[{label}]", counts.rows(group), ratios, off, 1 - config.fairness_di, enough)
    gaps = {model: own - rest for model, (own, rest) in rates.items()}
    everyone = np.ones_like(enough)
    yield _worst(evidence, f"spd[{label}]", counts.rows(group), gaps, _magnitudes(gaps), config.fairness_spd, everyone)


def _expected(said: Floats, size: Floats) -> Floats:
    """Yes that each group would get at the overall rate, ``[S, G, D]``."""
    return np.asarray(size * said.sum(axis=1, keepdims=True) / size.sum(axis=1, keepdims=True), dtype=np.float64)


def _opportunity(evidence: Evidence, counts: GroupCounts, group: int, label: str) -> Iterator[_Finding]:
    config = evidence.config
    enough = counts.comparable(group, config.fairness_min_rows, of=counts.yes["label"])
    if enough.any():
        rates = {model: counts.true_positive_rates(model, group) for model in ("student", "teacher")}
        gaps = {model: own - rest for model, (own, rest) in rates.items()}
        positives = int(counts.yes["label"][0, group].max())
        yield _worst(evidence, f"eod[{label}]", positives, gaps, _magnitudes(gaps), config.fairness_eod, enough)


def _magnitudes(gaps: dict[str, Floats]) -> dict[str, Floats]:
    return {model: np.abs(gap) for model, gap in gaps.items()}


def _worst(
    evidence: Evidence,
    name: str,
    rows: int,
    values: dict[str, Floats],
    off: dict[str, Floats],
    room: float,
    enough: NDArray[np.bool_],
) -> _Finding:
    """The decision that speaks most against the student: broken and worse than the teacher first, then largest.

    Args:
        values: model -> ``[S, D]`` signed values to report.
        off: model -> ``[S, D]`` distance from parity; the bound is ``room``.
        enough: ``[D]`` decisions with enough rows.
    """
    student, teacher = off["student"], off["teacher"]
    broken = enough & (student[0] > room)
    rank = np.where(broken, 1.0 + student[0] - teacher[0], 0.0) + 1e-3 * student[0]
    d = int(np.argmax(np.where(enough, rank, -np.inf)))
    found = Bootstrapped(values["student"][0, d], values["student"][1:, d])
    said = [f"{model} {values[model][0, d]:.3f}" for model in ("teacher", "label") if model in values]
    if evidence.task.classes:
        said.insert(0, f"class {evidence.task.classes[d]}")
    return _Finding(
        measure=_measure(name, found, rows, evidence.config, ", ".join(said)),
        broken=bool(broken[d]),
        material=bool(student[0, d] - teacher[0, d] > MATERIAL * room),
        excess=Bootstrapped((student - teacher)[0, d], (student - teacher)[1:, d]),
    )


def _measure(name: str, result: Bootstrapped, rows: int, config: GateConfig, note: str) -> Measure:
    low, high = (float(bound) for bound in result.interval(config.confidence))
    return Measure(name=name, value=float(result.value), low=low, high=high, rows=rows, note=note)
