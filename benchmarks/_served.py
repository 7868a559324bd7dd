"""A bundle of the size that the serving figures are stated for: 13 tasks, 349 features, some 4 400 trees.

Tasks, catalog, glossary and texts are those of finsynth. The students are trained on random rows: what they say means
nothing, what it costs to ask them is what it costs in earnest.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

import understudy
from agents.reason_generator import load_templates
from distill.bundle import portable_text
from teacher.datasets import load_spec
from understudy.atomic import canonical_json
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.features import FeatureSchema
from understudy.contracts.manifest import Manifest

__all__ = ["FEATURES", "SEED", "bundle", "customers", "rows", "texts"]

ROOT = Path(__file__).resolve().parents[1]
FEATURES = 349
ROWS = 4000
SEED = 7
LEAVES, TREES = 31, 200
CATEGORIES = ["a", "b", "c", "d", "e"]
ROUNDS = {7: 28, 50: 40}  # boosting rounds of the multiclass students, one tree per class and round


def schema() -> FeatureSchema:
    """The glossary's features first, then plain columns up to 349; every fiftieth is categorical."""
    told = [name for fact in load_spec("finsynth").glossary.facts for name in fact.features]
    names = list(dict.fromkeys(told))[:FEATURES]
    names += [f"column_{i}" for i in range(len(names), FEATURES)]
    features: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        kind = "categorical" if name.startswith("column_") and place % 50 == 0 else "numeric"
        categories = CATEGORIES if kind == "categorical" else None
        features.append({"name": name, "kind": kind, "group": "plain", "tier": "plain", "categories": categories})
    version = hashlib.sha256(canonical_json(features)).hexdigest()[:16]
    return FeatureSchema.model_validate({"version": version, "features": features})


def rows(count: int, seed: int = SEED) -> NDArray[np.float64]:
    """``[count, 349]`` with a twentieth missing."""
    rng = np.random.default_rng(seed)
    x = rng.lognormal(1.0, 1.0, size=(count, FEATURES)).round(3)
    for place, feature in enumerate(schema().features):
        if feature.kind == "categorical":
            x[:, place] = rng.integers(0, len(CATEGORIES), count)
    x[rng.random(x.shape) < 0.05] = np.nan
    return x


def customers(count: int, seed: int = SEED + 1) -> list[CustomerRecord]:
    """Customers to whom most of the catalog may be recommended."""
    columns = schema()
    found = []
    for place, values in enumerate(rows(count, seed)):
        features: dict[str, Any] = {}
        for feature, value in zip(columns.features, values.tolist(), strict=True):
            code = CATEGORIES[int(value)] if feature.kind == "categorical" and value == value else value
            features[feature.name] = None if value != value else code
        profile = CustomerProfile(age=30 + place % 30, income_krw=60e6, risk_tolerance=4, owned=[])
        found.append(
            CustomerRecord(
                customer_id=f"c-{place}",
                schema_version=columns.version,
                as_of="2026-10-31",
                features=features,
                profile=profile,
            )
        )
    return found


def texts() -> dict[str, str]:
    """Task -> the text model of its distilled student, trained once and kept under ``build/``."""
    folder = ROOT / "build" / f"served-{FEATURES}-{SEED}"
    tasks = load_spec("finsynth").spec.tasks
    if not all((folder / f"{task.name}.txt").exists() for task in tasks):
        print("training the students of the benchmark (once) ...", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        _train(folder)
    return {task.name: (folder / f"{task.name}.txt").read_text(encoding="utf-8") for task in tasks}


def _train(folder: Path) -> None:
    x = rows(ROWS)
    filled = np.nan_to_num(x)
    rng = np.random.default_rng(SEED)
    categorical = [i for i, feature in enumerate(schema().features) if feature.kind == "categorical"]
    data = lgb.Dataset(x, np.zeros(ROWS), categorical_feature=categorical, free_raw_data=False).construct()
    for task in load_spec("finsynth").spec.tasks:
        signal = filled @ (rng.normal(size=FEATURES) * (rng.random(FEATURES) < 0.3)) + rng.normal(size=ROWS) * 3
        params: dict[str, Any] = {"verbose": -1, "num_threads": 1, "seed": SEED, "num_leaves": LEAVES}
        order = signal.argsort().argsort() / ROWS
        label, rounds = order, TREES
        if task.type == "multiclass":
            label, rounds = np.floor(order * task.width), ROUNDS.get(task.width, 20)
            params |= {"objective": "multiclass", "num_class": task.width, "num_leaves": 15}
        else:
            params |= {"objective": "cross_entropy" if task.type == "binary" else "huber"}
        data.set_label(label)
        model = lgb.train(params, data, num_boost_round=rounds)
        (folder / f"{task.name}.txt").write_text(model.model_to_string(), encoding="utf-8")


def _task(task: Any, text: str) -> dict[str, Any]:
    link = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}[task.type]
    trees = text.count("\nTree=")
    ref = {"link": link, "base": [0.0] * task.width, "trees": trees, "path": f"models/{task.name}.distilled.txt"}
    direct = ref | {"path": f"models/{task.name}.direct.txt"}
    return {
        "name": task.name,
        "type": task.type,
        "group": task.group,
        "classes": task.classes,
        "layer": "distilled",
        "distilled": ref,
        "direct": direct,
    }


def bundle(out: Path) -> Path:
    """Write the bundle (zip); every task is served by its distilled student, the direct one is a copy."""
    loaded = load_spec("finsynth")
    files: dict[str, bytes] = {}
    for name, text in texts().items():
        files |= {f"models/{name}.{layer}.txt": portable_text(text).encode() for layer in ("distilled", "direct")}
    prior = {t.name: [1 / t.width] * t.width if t.width > 1 else [0.2] for t in loaded.spec.tasks}
    rules = {t.name: {"type": t.type, "prior": prior[t.name], "segments": []} for t in loaded.spec.tasks}
    documents = {
        "catalog": loaded.catalog.model_dump(mode="json"),
        "glossary": loaded.glossary.model_dump(mode="json"),
        "templates": load_templates().model_dump(mode="json"),
        "rules": {"schema_version": 1, "tasks": rules},
    }
    documents["glossary"]["untold"] = [*documents["glossary"]["untold"], "column_*"]
    # Everybody is told something: a dropped customer would be answered sooner than the figure says.
    documents["catalog"]["policy"] |= {"min_score": 0.0, "max_churn": 1.0}
    files |= {f"{name}.json": canonical_json(document) for name, document in documents.items()}
    body = {
        "schema_version": 1,
        "dataset": "finsynth",
        "dataset_fingerprint": "ab" * 32,
        "code_version": understudy.__version__,
        "seed": SEED,
        "accepted": True,
        "tasks": [_task(task, texts()[task.name]) for task in loaded.spec.tasks],
        "features": schema().model_dump(mode="json"),
        "protected": loaded.glossary.protected,
        "gates": {},
        "metrics": {},
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
        },
    }
    whole = Manifest.model_validate({"model_version": "", **body}).model_dump(mode="json")
    del whole["model_version"]
    digest = hashlib.sha256(canonical_json(whole)).hexdigest()
    manifest = canonical_json(whole | {"model_version": f"finsynth-{digest[:12]}"})
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, "manifest.json": manifest}.items():
            archive.writestr(name, data)
    return out
