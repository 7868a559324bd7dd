"""One exported teacher with all seven experts, against torch and in a process that has no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from teacher import Teacher, TeacherConfig, fit_teacher
from teacher.export import OnnxScorer
from teacher.export.scored import input_tensors
from understudy.errors import UserError
from understudy.progress import Silent

pytest.importorskip("onnxruntime", reason="onnxruntime scores the exported teacher")
pytest.importorskip("onnxscript", reason="onnxscript exports the teacher")

TEST = np.arange(260, 320)
SEVEN = ["deepfm", "temporal", "hgcn", "perslay", "causal", "lightgcn", "optimal_transport"]
ALONE = """
import sys
import numpy as np
from pathlib import Path
from teacher.export import OnnxScorer
scorer = OnnxScorer(Path(sys.argv[1]))
arrays = dict(np.load(sys.argv[2]))
said, gates = scorer.predict(arrays), scorer.gate_weights(arrays)
assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "onnxscript")], "torch was imported"
np.savez(sys.argv[3], **said, **{"gate " + task: value for task, value in gates.items()})
"""


class Exported(NamedTuple):
    toy: Any
    teacher: Teacher
    folder: Path
    arrays: dict[str, Any]


@pytest.fixture(scope="module")
def exported(make_toy_once: Any, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    groups = [
        {"name": "numbers", "numeric": ["n0", "n1", "n2", "n3"], "experts": ["deepfm", "causal", "lightgcn"]},
        {"name": "classes", "categorical": ["c0", "c1"], "experts": ["deepfm"]},
    ]
    sequence = {"name": "monthly", "source": "months", "key": "id", "time": "month", "channels": ["a", "b"]}
    toy = make_toy_once(
        groups=groups,
        sequences=[sequence | {"length": 6, "experts": ["temporal", "perslay"]}],
        trees={"kinds": {"levels": ["leaf", "branch"], "parents": {"d0": "u", "d1": "u", "d2": "v", "d3": "v"}}},
        distributions=[
            {"name": "spending", "columns": ["d0", "d1", "d2", "d3"], "tree": "kinds"}
            | {"experts": ["optimal_transport", "hgcn"]}
        ],
    )
    held = np.random.default_rng(5).random((len(toy.features), 4)) < 0.4
    toy.features[:, :4] = held
    config = TeacherConfig(
        epochs=3, batch_size=64, width=16, hidden=24, members=2, embedding_dim=4, device="cpu", onnx=True
    )
    folder = tmp_path_factory.mktemp("exported")
    teacher = fit_teacher(toy, np.arange(200), np.arange(200, 260), config, folder, progress=Silent())
    arrays = {name: value.numpy() for name, value in input_tensors(teacher.inputs.encode(toy, TEST)).items()}
    return Exported(toy, teacher, folder, arrays)


def test_all_seven_experts_are_in_the_file(exported: Exported) -> None:
    scorer = OnnxScorer(exported.folder / "teacher.onnx")
    assert scorer.experts == exported.teacher.experts == SEVEN
    assert scorer.tasks == ["buys", "next", "spend"]
    assert set(scorer.inputs) <= set(exported.arrays)


def test_without_torch_it_says_what_torch_says(exported: Exported, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", **exported.arrays)
    names = [str(exported.folder / "teacher.onnx"), str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    subprocess.run([sys.executable, "-c", ALONE, *names], check=True, capture_output=True, text=True)
    found = np.load(tmp_path / "out.npz")
    for task, expected in exported.teacher.predict(exported.toy, TEST).items():
        np.testing.assert_allclose(found[task], expected, rtol=1e-4, atol=1e-5)
    for task, expected in exported.teacher.gate_weights(exported.toy, TEST).items():
        np.testing.assert_allclose(found[f"gate {task}"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 7])
def test_any_number_of_rows_can_be_scored(exported: Exported, rows: int) -> None:
    scorer = OnnxScorer(exported.folder / "teacher.onnx")
    found = scorer.predict({name: value[:rows] for name, value in exported.arrays.items()})
    expected = exported.teacher.predict(exported.toy, TEST[:rows])
    for task, said in found.items():
        np.testing.assert_allclose(said, expected[task], rtol=1e-4, atol=1e-5)


def test_no_path_of_this_machine_is_in_the_file(exported: Exported) -> None:
    text = (exported.folder / "teacher.onnx").read_bytes()
    assert b"site-packages" not in text
    assert str(Path.cwd()).encode() not in text


def test_a_missing_array_is_named(exported: Exported) -> None:
    scorer = OnnxScorer(exported.folder / "teacher.onnx")
    with pytest.raises(UserError, match=r"needs the arrays sequences\.monthly"):
        scorer.predict({name: value for name, value in exported.arrays.items() if name != "sequences.monthly"})


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "teacher.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not an exported teacher"):
        OnnxScorer(tmp_path / "teacher.onnx")
