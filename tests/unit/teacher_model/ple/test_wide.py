from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from teacher import TeacherConfig, fit_teacher
from teacher.inputs.layout import TaskLayout
from teacher.ple.wide import WidePath
from teacher.training.scoring import skill
from understudy.contracts.features import FeatureSchema
from understudy.progress import Silent


def task(name: str, width: int) -> TaskLayout:
    kind = "multiclass" if width > 1 else "binary"
    return TaskLayout.model_validate({"name": name, "type": kind, "group": "g", "width": width, "weight": 1.0})


def test_it_starts_silent_and_speaks_for_tasks_of_many_classes_only() -> None:
    tasks = [task("one", 1), task("few", 9), task("many", 10)]
    path = WidePath(6, tasks, 10)
    logits = [torch.randn(2, 5, one.width) for one in tasks]
    fields = torch.randn(5, 6)
    for before, after in zip(logits, path(fields, logits), strict=True):
        torch.testing.assert_close(before, after)
    with torch.no_grad():
        next(iter(path.parameters())).normal_()
    changed = [not torch.equal(a, b) for a, b in zip(logits, path(fields, logits), strict=True)]
    assert changed == [False, False, True]
    assert not list(WidePath(6, tasks, 0).parameters())


def test_many_classes_are_learned_from_the_first_steps(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    """A label that copies a column of 24 categories: without the path, the head knows the class shares and no more."""
    names = [f"k{i:02d}" for i in range(24)]
    task_of_many = {"name": "next", "type": "multiclass", "label": "x", "classes": names, "group": "first"}
    spend = {"name": "spend", "type": "regression", "label": "x", "group": "second"}
    toy = toys(rows=700, tasks=[task_of_many, spend])
    codes = np.random.default_rng(5).integers(0, 24, len(toy)).astype(float)
    toy.features[:, 4] = codes
    features = [
        one.model_copy(update={"categories": names}) if one.name == "c0" else one for one in toy.schema.features
    ]
    toy = replace(toy, schema=FeatureSchema(version="0" * 16, features=features))
    toy.labels = {"next": codes, "spend": toy.labels["spend"]}
    train, valid, found = np.arange(600), np.arange(600, 700), {}
    for classes in (0, 10):
        changes = {"wide_classes": classes, "epochs": 10, "learning_rate": 1e-2, "experts": ["deepfm"], "members": 1}
        config = small_config.changed(changes | {"batch_size": 32})
        teacher = fit_teacher(toy, train, valid, config, tmp_path / str(classes), progress=Silent())
        found[classes] = skill("multiclass", codes[valid], teacher.predict(toy, valid)["next"])
    assert found[10] > found[0] + 0.1
