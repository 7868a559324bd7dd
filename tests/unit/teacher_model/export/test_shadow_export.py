"""The folder that production asks, on small networks; that an export says what its teacher says is tested beside."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from agents.evidence import Columns, Frame, open_artefacts
from agents.monitors import MonitorConfig, ShadowScores, score_shadow
from agents.monitors.day import MonitorDay
from agents.monitors.shadow import kl_rows, spearman, watch_fidelity
from teacher import TeacherConfig
from teacher.export import export_shadow, shadow_rows
from teacher.inputs import TeacherInputs
from understudy.audit import Keyring, pseudonym
from understudy.errors import UserError

sys.path.insert(0, str(Path(__file__).parents[4]))
from studies._production import Production

pytest.importorskip("onnxruntime", reason="onnxruntime scores the exported teacher")
pytest.importorskip("onnx", reason="onnx writes the toy network")

CUSTOMERS = 80


def write_network(teacher: Any, example: Any, path: Path) -> None:
    """In place of the exporter, which takes half a minute: sigmoid(weight * mean of the numeric inputs)."""
    from onnx import TensorProto, helper

    width = example.numeric.shape[1]
    nodes = [
        helper.make_node("ReduceMean", ["numeric", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "weight"], ["scaled"]),
        helper.make_node("Sigmoid", ["scaled"], ["task:buys"]),
        helper.make_node("Identity", ["mean"], ["gates"]),
    ]
    weights = [
        helper.make_tensor("weight", TensorProto.FLOAT, [1], [teacher.weight]),
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
    ]
    given = [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", width])]
    said = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in ("task:buys", "gates")]
    graph = helper.make_graph(nodes, "toy", given, said, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path.write_bytes(model.SerializeToString())


class Shadow:
    """Two networks with encoders of their own, their folder, and a day of decisions on its customers."""

    def __init__(self, toy: Any, root: Path) -> None:
        self.toy, self.root = toy, root
        config = TeacherConfig(epochs=1, device="cpu")
        fits = [TeacherInputs.fit(toy, rows, config) for rows in (np.arange(100), np.arange(100, 200))]
        teachers: list[Any] = [
            SimpleNamespace(inputs=inputs, weight=weight) for inputs, weight in zip(fits, (1.0, 3.0), strict=True)
        ]
        self.rows = shadow_rows(toy, CUSTOMERS)
        export_shadow(teachers, toy, self.rows, root / "shadow")
        means = [(one.weight, one.inputs.encode(toy, self.rows).numeric.mean(dim=1).numpy()) for one in teachers]
        self.expected = np.mean([1 / (1 + np.exp(-weight * mean)) for weight, mean in means], axis=0)
        self.keyring = Keyring.create(root / "keys.json")
        production = Production(3, rows=CUSTOMERS)
        names = [pseudonym(self.keyring, customer) for customer in toy.customer_ids[self.rows].tolist()]
        self.columns: Columns = replace(
            production.columns(1),
            person=np.asarray([int(name.rpartition(".")[2][:16], 16) for name in names], dtype=np.uint64),
            features=toy.features[self.rows].astype(np.float32),
        )
        self.frame: Frame = replace(production.frame, schema=toy.schema)

    def scores(self, columns: Columns | None = None, sample: int = 1000) -> ShadowScores | str:
        return score_shadow(columns or self.columns, self.frame, open_artefacts(str(self.root)), self.keyring, sample)


@pytest.fixture(scope="module")
def shadow(make_toy_once: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shadow]:
    with mock.patch("teacher.export.shadow.export_onnx", write_network):
        yield Shadow(make_toy_once(), tmp_path_factory.mktemp("run"))


def test_it_says_what_the_networks_say_on_average(shadow: Shadow) -> None:
    found = shadow.scores()
    assert isinstance(found, ShadowScores)
    assert found.rows.tolist() == list(range(CUSTOMERS))
    assert set(found.scores) == {"buys"}
    np.testing.assert_allclose(found.scores["buys"], shadow.expected, rtol=1e-5)


def test_a_sample_is_a_part_of_it(shadow: Shadow) -> None:
    whole, some = shadow.scores(), shadow.scores(sample=40)
    assert isinstance(whole, ShadowScores)
    assert isinstance(some, ShadowScores)
    assert len(some.rows) == 40
    np.testing.assert_allclose(some.scores["buys"], whole.scores["buys"][some.rows], rtol=1e-6)


def test_other_persons_and_changed_records_are_left_out(shadow: Shadow) -> None:
    person, features = shadow.columns.person.copy(), shadow.columns.features.copy()
    person[:10] += np.uint64(1)
    features[10:20, 0] += 1
    found = shadow.scores(replace(shadow.columns, person=person, features=features))
    assert isinstance(found, ShadowScores)
    assert found.rows.tolist() == list(range(20, CUSTOMERS))
    assert found.looked_at == CUSTOMERS


def test_what_is_not_there_is_said(shadow: Shadow, tmp_path: Path) -> None:
    why = score_shadow(shadow.columns, shadow.frame, open_artefacts(None), shadow.keyring, 9)
    assert "shadow/index.json" in str(why)
    other = replace(shadow.frame, schema=shadow.frame.schema.model_copy(update={"version": "other"}))
    artefacts = open_artefacts(str(shadow.root))
    assert "another feature schema" in str(score_shadow(shadow.columns, other, artefacts, shadow.keyring, 9))
    (tmp_path / "shadow").mkdir()
    for path in (shadow.root / "shadow").iterdir():
        (tmp_path / "shadow" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "shadow" / "1.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="shadow/1"):
        score_shadow(shadow.columns, shadow.frame, open_artefacts(str(tmp_path)), shadow.keyring, 9)


def test_a_student_that_copies_its_teacher_is_faithful(shadow: Shadow) -> None:
    found = shadow.scores()
    assert isinstance(found, ShadowScores)
    said = shadow.columns.scores.copy()
    said[:, 0] = found.scores["buys"]
    for student, faithful in ((said, True), (said[::-1], False)):
        columns = replace(shadow.columns, scores=student)
        day = MonitorDay("2026-01-02", columns, Production(3).requests(1), shadow.frame, MonitorConfig())
        by_name = {one.name: one.value for one in watch_fidelity(day, found).measurements}
        assert by_name["shadow_kl"] is not None
        assert by_name["shadow_spearman"] is not None
        assert (by_name["shadow_kl"] < 1e-6) is faithful
        assert (by_name["shadow_spearman"] > 0.99) is faithful


def test_divergence_and_rank_correlation_are_the_gates() -> None:
    from scipy import stats

    from distill.metrics import kl_rows as gates

    rng = np.random.default_rng(1)
    one, other = rng.random((2, 200))
    np.testing.assert_allclose(kl_rows(one, other), gates(one, other), rtol=1e-6)
    tied = np.round(one, 1)
    assert spearman(tied, other) == pytest.approx(float(stats.spearmanr(tied, other).statistic))


def test_test_rows_come_first(shadow: Shadow) -> None:
    test = shadow.toy.rows("test")
    some = shadow_rows(shadow.toy, len(test) // 2)
    assert len(some) == len(test) // 2
    assert set(some.tolist()) <= set(test.tolist())
    assert set(test.tolist()) <= set(shadow_rows(shadow.toy, len(test) + 20).tolist())
