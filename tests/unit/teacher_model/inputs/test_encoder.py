from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from teacher.config import TeacherConfig
from teacher.inputs import TeacherInputs


def test_shapes_missing_and_unseen(toy: Any, small_config: TeacherConfig) -> None:
    rows = np.arange(50)
    toy.features[0] = np.nan
    inputs = TeacherInputs.fit(toy, np.arange(100, 200), small_config).encode(toy, rows)
    assert inputs.numeric.shape == (50, 4)
    assert inputs.scalars.shape == (50, 6)
    assert inputs.sequences["monthly"].shape == (50, 6, 2)
    assert inputs.missing[0].tolist() == [1, 1, 1, 1]
    assert inputs.numeric[0].tolist() == [0, 0, 0, 0]
    assert inputs.codes[0].tolist() == [0, 0]
    known = ~np.isnan(toy.features[rows, 4])
    np.testing.assert_array_equal(inputs.codes[known, 0].numpy(), toy.features[rows][known, 4] + 1)


def test_only_training_rows_move_the_statistics(toy: Any, small_config: TeacherConfig) -> None:
    train = np.arange(100)
    before = TeacherInputs.fit(toy, train, small_config).tensors()
    toy.features[100:, :4] = 1e9
    toy.features[100:, 4:] = 0.0
    toy.sequences["monthly"].values[100:] = 1e9
    after = TeacherInputs.fit(toy, train, small_config).tensors()
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(value, after[name], rtol=0, atol=0)


def test_training_rows_do_move_them(toy: Any, small_config: TeacherConfig) -> None:
    first = TeacherInputs.fit(toy, np.arange(100), small_config).tensors()
    second = TeacherInputs.fit(toy, np.arange(100, 200), small_config).tensors()
    assert not torch.equal(first["knots"], second["knots"])


def test_restore_is_the_inverse_of_tensors(toy: Any, small_config: TeacherConfig) -> None:
    fitted = TeacherInputs.fit(toy, np.arange(100), small_config)
    restored = TeacherInputs.restore(fitted.layout, fitted.left_out, fitted.tensors(), [])
    one, other = fitted.encode(toy, np.arange(20)), restored.encode(toy, np.arange(20))
    for name in ("numeric", "missing", "codes", "scalars"):
        assert torch.equal(getattr(one, name), getattr(other, name))
    assert torch.equal(one.sequences["monthly"], other.sequences["monthly"])


def test_a_category_enters_the_structural_layer_by_its_frequency(toy: Any, small_config: TeacherConfig) -> None:
    toy.features[:, 4] = np.where(np.arange(len(toy.features)) % 4 == 0, 1.0, 0.0)
    inputs = TeacherInputs.fit(toy, np.arange(100), small_config).encode(toy, np.arange(100))
    scalars = inputs.scalars[:, 4].numpy()
    assert scalars.mean() == pytest.approx(0.0, abs=1e-5)
    assert scalars[1] > 0 > scalars[0]
