"""P2: are the features what the models were made for, and do they keep to the past?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from agents.checklist.measuring.ingestion import DATA, LEAKAGE, PROFILE, leakage_check, relative_change
from agents.checklist.measuring.runs import ATTEMPTS, runs_of
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from agents.checklist.registry import Value, measures

SCHEMA, DATASET = "data/schema.json", "data/dataset.json"
FUTURE = ("events", "label_derived", "single_feature", "feature_pair", "feature_set")
FITS = ("fits", "scalers", "encodings")
# A column is taken for a power law if its largest value lies this many times its interquartile range above the upper
# quartile: a normal sample of a million reaches 4, an exponential one 12.
HEAVY = 30.0


@measures("feature_count_change")
def feature_count_change(night: Night) -> Value:
    """|features - features of the run before| / features of the run before."""
    runs = runs_of(night)
    if runs.last is None or runs.before is None or runs.last.features is None or runs.before.features is None:
        raise MissingEvidenceError("there is no earlier finished run on other data to compare with")
    now, before = runs.last.features, runs.before.features
    detail = {"features": now, "features_before": before}
    return Value(relative_change(now, before), night.papers.evidence(ATTEMPTS), n=now, unit="share", detail=detail)


@measures("zero_variance_features")
def zero_variance_features(night: Night) -> Value:
    """Features with one value, or none, in the training rows."""
    features = night.papers.json(PROFILE)["features"]
    constant = sorted(name for name, feature in features.items() if _constant(feature))
    detail = {"features": constant[:20]}
    return Value(len(constant), night.papers.evidence(PROFILE), n=len(features), unit="features", detail=detail)


@measures("cluster_kl")
def cluster_kl(night: Night) -> Value:
    """KL(newest split || training), in nats, of the customer segmentation that moved most.

    The segmentations are the spec's protected attributes; half a row is added to each segment.
    """
    found = {}
    for name, groups in night.papers.json(PROFILE)["protected"].items():
        counts = {group: (split.get("test", 0) + 0.5, split.get("train", 0) + 0.5) for group, split in groups.items()}
        new, old = (sum(pair[side] for pair in counts.values()) for side in (0, 1))
        found[name] = sum(a / new * math.log((a / new) / (b / old)) for a, b in counts.values())
    if not found:
        raise MissingEvidenceError("the dataset has no segmentation of customers")
    worst = max(found, key=lambda name: (found[name], name))
    value = max(found[worst], 0.0)
    return Value(value, night.papers.evidence(PROFILE), unit="nats", detail={"segmentation": worst, "all": found})


@measures("lag_leaks")
def lag_leaks(night: Night) -> Value:
    """Failed checks of the leakage gate on features that know the future: events at or after the cutoff, features that
    are derived from a label, alone, in pairs or in sets."""
    return _failures(night, FUTURE)


@measures("outside_fits")
def outside_fits(night: Night) -> Value:
    """Failed checks of the leakage gate on scalers and encoders fitted to other rows than the training rows."""
    return _failures(night, FITS)


@measures("unscaled_power_laws")
def unscaled_power_laws(night: Night) -> Value:
    """Heavy-tailed numeric columns that the teacher reads without the quantile transform (which does for a column what
    log1p does for a power law, whatever its exponent). Students are trees: a monotone transform changes nothing there.

    Heavy-tailed: (max - q75) > 30 (q75 - q25), the interquartile range not 0.
    """
    features = night.papers.json(PROFILE)["features"]
    heavy = {name for name, feature in features.items() if feature["kind"] == "numeric" and _heavy(feature["train"])}
    histories = night.papers.folds("history.json")
    if any("quantile_scaled" not in history for history in histories.values()):
        raise MissingEvidenceError("the teacher has not recorded which columns it scales")
    loose = {name for history in histories.values() for name in heavy - set(history["quantile_scaled"])}
    detail = {"heavy-tailed": len(heavy), "unscaled": sorted(loose)[:20]}
    evidence = night.papers.evidence(PROFILE, *histories)
    return Value(len(loose), evidence, n=len(features), unit="columns", detail=detail)


@measures("group_schema")
def group_schema(night: Night) -> Value:
    """1 if every feature belongs to a group of the dataset spec, in that group's tier, and no group is empty; and the
    serving bundle reads this very schema."""
    groups = {group["name"]: group["tier"] for group in night.papers.json(DATA)["inputs"]["spec"]["groups"]}
    schema = night.papers.json(SCHEMA)["schema"]
    strays = [f["name"] for f in schema["features"] if groups.get(f["group"]) != f["tier"]]
    empty = sorted(groups.keys() - {feature["group"] for feature in schema["features"]} - _raw(night))
    served = night.serving().manifest.features.version
    detail = {"strays": strays[:20], "empty groups": empty, "schema": schema["version"], "served schema": served}
    whole = not strays and not empty and served == schema["version"]
    return Value(float(whole), night.papers.evidence(DATA, SCHEMA), n=len(groups), detail=detail)


@measures("feature_artifact")
def feature_artifact(night: Night) -> Value:
    """1 if the data stage is recorded as finished, and its schema, profile and description are there."""
    stage = night.papers.json(DATA)
    names = (SCHEMA, PROFILE, DATASET)
    lacking = [name for name in names if night.papers.found(name) is None]
    detail = {"lacking": lacking, "features": stage["result"].get("features")}
    return Value(float(not lacking), night.papers.evidence(DATA, *names), detail=detail)


def _raw(night: Night) -> set[str]:
    """Groups whose columns feed the teacher alone (raw structure), and so have no feature."""
    spec = night.papers.json(DATA)["inputs"]["spec"]
    return {group["name"] for group in spec["groups"] if group["tier"] not in ("plain", "structural")}


def _constant(feature: Mapping[str, Any]) -> bool:
    if feature["kind"] == "categorical":
        return bool(feature["categories"] < 2)
    return feature["train"].get("min") is None or feature["train"]["min"] == feature["train"]["max"]


def _heavy(train: Mapping[str, Any]) -> bool:
    if train.get("max") is None:
        return False
    spread = train["q75"] - train["q25"]
    return bool(spread > 0 and train["max"] - train["q75"] > HEAVY * spread)


def _failures(night: Night, names: tuple[str, ...]) -> Value:
    known = {check["name"] for check in night.papers.json(LEAKAGE)["checks"]}
    checks = []
    for name in names:
        try:
            checks.append(leakage_check(night, name))
        except MissingEvidenceError:
            # A dataset without sequences has no events to look at; a check that is gone altogether is another thing.
            if name not in known:
                raise
    if not checks:
        raise MissingEvidenceError(f"the leakage gate has looked at none of {', '.join(names)}")
    failed = [check["name"] for check in checks if check["status"] != "pass"]
    closest = {check["name"]: check["closest"]["value"] for check in checks}
    detail = {"failed": failed, "closest": closest}
    return Value(len(failed), night.papers.evidence(LEAKAGE), n=len(checks), unit="checks", detail=detail)
