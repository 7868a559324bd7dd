"""An oversized task on shards of its rows: the model of all rows, and never silently that of one shard's."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill import DistillConfig, StudentPair, fit_students
from distill.executor import Member
from distill.students._fit import _handed, _Together
from distill.students._shard import Shard
from distill.students._targets import Targets
from understudy.progress import Silent


def ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def members() -> list[Member]:
    """Two that meet on this machine, at ports of their own."""
    places = ports(2)
    machines = ",".join(f"127.0.0.1:{port}" for port in places)
    network = {"machines": machines, "num_machines": 2}
    return [Member(rank, 2, network | {"local_listen_port": port}) for rank, port in enumerate(places)]


def seen(text: str) -> int:
    """Rows from which the first tree was grown."""
    counted = re.search(r"^leaf_count=(.*)$", text, re.MULTILINE)
    assert counted is not None
    return sum(map(int, counted.group(1).split()))


def together(bank: Any, config: DistillConfig, task: str) -> _Together:
    return _Together(_handed(bank.dataset, bank.soft, config), bank.dataset.task(task))


@pytest.mark.parametrize("task", ["churn", "next_family"])
def test_one_member_gives_the_bytes_of_no_gang_at_all(
    bank: Any, config: DistillConfig, task: str, tmp_path: Path
) -> None:
    spec = bank.dataset.spec.model_copy(update={"tasks": [bank.dataset.task(task)]})
    alone = fit_students(replace(bank.dataset, spec=spec), bank.soft, config, tmp_path, Silent())[task]
    assert together(bank, config, task)(Member(0, 1, {})) == alone


def test_two_members_make_one_model_of_all_rows(bank: Any, config: DistillConfig) -> None:
    """Over LightGBM's own sockets: both make the same choices and the same model, as good as that of one worker."""
    pairs: dict[str, list[StudentPair]] = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for task in ("churn", "next_family"):
            pairs[task] = list(pool.map(together(bank, config, task), members()))
    rows = len(bank.dataset.rows("train"))
    for task, (first, second) in pairs.items():
        assert first == second
        alone = together(bank, config, task)(Member(0, 1, {}))
        for kind in ("distilled", "direct"):
            one, two = getattr(alone, kind), getattr(first, kind)
            assert seen(two.text) == rows
            assert two.choices["valid_loss"] == pytest.approx(one.choices["valid_loss"], rel=0.05)


def test_a_member_that_hears_of_nobody_is_refused(bank: Any, config: DistillConfig) -> None:
    """Ray Train's addresses left out: LightGBM would train on this half and say nothing."""
    rows = len(bank.dataset.rows("train"))
    with pytest.raises(RuntimeError, match=f"learned from {rows // 2} of {rows} rows"):
        together(bank, config, "churn")(Member(1, 2, {}))


def test_shards_part_the_rows() -> None:
    members = [Member(rank, 3, {"num_machines": 3}) for rank in range(3)]
    shards = [Shard.of_rows(10, member, seed=5) for member in members]
    assert sorted(np.concatenate([shard.rows for shard in shards]).tolist()) == list(range(10))
    assert all(shard.parameters["num_machines"] == 3 for shard in shards)
    assert [len(shard.rows) for shard in shards] == [4, 3, 3]


def test_a_shard_takes_the_targets_of_its_own_rows() -> None:
    shard = Shard(np.array([1, 4, 5]), {})
    found = shard.part(Targets(np.array([0, 1, 5, 7]), np.array([10.0, 11.0, 15.0, 17.0]), np.array([1.0, 2.0, 3, 4])))
    assert found.rows.tolist() == [0, 2]
    assert found.values.tolist() == [11.0, 15.0]
    assert found.weights is not None
    assert found.weights.tolist() == [2.0, 3.0]
