from __future__ import annotations

from typing import Any

import pytest

from teacher.inputs.routing import route
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

COLUMNS = ["n0", "n1", "n2", "n3", "c0", "c1"]


def spec_of(toys: Any, **changes: Any) -> DatasetSpec:
    spec: DatasetSpec = toys(10, **changes).spec
    return spec


def test_groups_sequences_and_distributions_reach_the_experts_that_the_spec_names(toys: Any) -> None:
    routing = route(spec_of(toys), COLUMNS, (), None)
    assert routing.feeds["deepfm"].fields == [0, 1, 2, 3, 4, 5]
    assert routing.feeds["causal"].fields == [0, 1, 2, 3]
    assert routing.feeds["temporal"].sequences == ["monthly"]
    assert routing.feeds["optimal_transport"].distributions == ["spending"]


def test_an_expert_without_its_input_is_left_out_and_the_reason_given(toys: Any) -> None:
    routing = route(spec_of(toys, sequences=[]), COLUMNS, (), None)
    assert "temporal" not in routing.feeds
    assert "sequences" in routing.left_out["temporal"]


def test_only_wanted_experts_are_built(toys: Any) -> None:
    assert list(route(spec_of(toys), COLUMNS, (), ["causal"]).feeds) == ["causal"]


def test_no_expert_at_all_is_an_error(toys: Any) -> None:
    with pytest.raises(UserError, match="no expert has the input it needs"):
        route(spec_of(toys, sequences=[]), COLUMNS, (), ["temporal"])
