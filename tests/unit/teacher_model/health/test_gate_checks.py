from __future__ import annotations

import math

import pytest

from teacher.health.gates import experts_alive, gates_vary


def test_experts_in_use_pass() -> None:
    weights = {"deepfm": [0.9, 0.99], "causal": [0.1, 0.01]}
    assert experts_alive(weights, {"deepfm": 0.5, "causal": 0.4}).status == "pass"


def test_an_expert_that_no_task_listens_to_fails() -> None:
    check = experts_alive({"deepfm": [1.0, 1.0], "causal": [1e-5, 1e-6]}, {"deepfm": 0.5, "causal": 0.4})
    assert check.status == "fail"
    assert check.detail.startswith("causal:")


@pytest.mark.parametrize("variation", [0.0, math.nan])
def test_an_expert_that_says_the_same_about_everybody_fails(variation: float) -> None:
    check = experts_alive({"deepfm": [0.5], "causal": [0.5]}, {"deepfm": variation, "causal": 0.4})
    assert check.status == "fail"
    assert check.detail.startswith("deepfm:")


def test_gates_that_vary_pass() -> None:
    assert gates_vary([[0.1, 0.2], [0.3, 0.1]], ["a", "b"]).status == "pass"


@pytest.mark.parametrize("variation", [0.0, math.nan])
def test_a_gate_that_is_the_same_for_everybody_fails(variation: float) -> None:
    check = gates_vary([[0.1, 0.2], [0.3, variation]], ["a", "b"])
    assert check.status == "fail"
    assert check.detail.startswith("layer 2, b:")
