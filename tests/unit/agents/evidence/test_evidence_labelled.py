"""Outcomes find the decisions that they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import watched

from agents.evidence import Frame, Label, read_labelled
from understudy.bundle import load_bundle
from understudy.stores import audit_key


def test_outcomes_are_joined_to_their_decisions(tmp_path: Path) -> None:
    world = watched.World(tmp_path)
    world.store.put_records(watched.customer(number) for number in range(4))
    answers = [world.ask(f"c-{number}")[1] for number in range(4)]
    ids = [one["request_id"] for one in answers]
    world.store.remove_documents([audit_key("c-3")])
    labels = [Label(ids[0], "signups", 1.0), Label(ids[1], "spend", 14.0), Label(ids[1], "signups", 0.0)]
    labels += [Label(ids[3], "signups", 1.0), Label("nobody", "signups", 1.0), Label(ids[2], "unknown-task", 1.0)]
    frame = Frame.of(load_bundle(world.bundle))
    found = read_labelled(world.settings(), frame, labels, "2026-11-01")
    assert set(found.columns.request_ids) == {ids[0], ids[1], ids[2]}
    assert found.lost == 3
    by_id = dict(zip(found.columns.request_ids, found.labels, strict=True))
    signups, spend = frame.tasks.index("signups"), frame.tasks.index("spend")
    assert by_id[ids[0]][signups] == 1
    assert by_id[ids[1]][[signups, spend]].tolist() == [0.0, 14.0]
    assert np.isnan(by_id[ids[2]]).all()
    row = found.columns.request_ids.index(ids[0])
    assert found.columns.scores[row, signups] == np.float32(answers[0]["tasks"]["signups"]["value"])
