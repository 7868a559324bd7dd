"""A day's decisions, as arrays, against what the function answered."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import watched
from cloud_tables import dynamodb_url

from agents.evidence import LAYERS, Columns, Frame, Label, read_day, read_labelled, reading
from understudy.bundle import load_bundle
from understudy.contracts.features import encode
from understudy.stores import audit_key

CUSTOMERS = 40


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> watched.World:
    world = watched.World(tmp_path_factory.mktemp("world"), now=watched.NOW)
    world.store.put_records(watched.customer(number) for number in range(CUSTOMERS))
    return world


@pytest.fixture(scope="module")
def answers(world: watched.World) -> dict[str, tuple[str, Any]]:
    """Request id -> customer and answer; some ask twice."""
    asked = [f"c-{number}" for number in (*range(CUSTOMERS), *range(10))]
    found = [(customer, *world.ask(customer, top_k=1 + index % 4)) for index, customer in enumerate(asked)]
    assert all(status == 200 for _, status, _ in found)
    return {body["request_id"]: (customer, body) for customer, _, body in found}


@pytest.fixture(scope="module")
def frame(world: watched.World) -> Frame:
    return Frame.of(load_bundle(world.bundle))


@pytest.fixture(scope="module")
def day(answers: dict[str, Any]) -> str:
    (only,) = {body["generated_at"][:10] for _, body in answers.values()}
    return str(only)


@pytest.fixture(scope="module")
def columns(world: watched.World, frame: Frame, day: str, answers: Any) -> Columns:
    return read_day(world.settings(), frame, day)


def test_every_decision_of_the_day_is_there(columns: Columns, answers: dict[str, Any]) -> None:
    assert sorted(columns.request_ids) == sorted(answers)
    assert (columns.decisions, columns.erased, columns.unread, columns.altered) == (len(answers), 0, 0, 0)


def test_a_row_says_what_was_answered(columns: Columns, answers: dict[str, Any]) -> None:
    for row, request_id in enumerate(columns.request_ids):
        _, body = answers[request_id]
        for index, task in enumerate(columns.tasks):
            score = body["tasks"][task]
            assert LAYERS[columns.layers[row, index]] == score["layer"]
            if score["classes"]:
                top = max(score["classes"], key=score["classes"].__getitem__)
                assert list(score["classes"])[columns.top_class[row, index]] == top
                assert columns.scores[row, index] == np.float32(score["classes"][top])
            else:
                assert columns.top_class[row, index] == -1
                assert columns.scores[row, index] == np.float32(score["value"])
        told = {one["rank"]: one["product_id"] for one in body["recommendations"]}
        withheld = {one["rank"] for one in body["reviews"] if one["withheld"]}
        shown = {rank: columns.catalog[code] for rank, code in enumerate(columns.products[row], start=1) if code >= 0}
        assert {rank: shown[rank] for rank in told} == told
        assert shown.keys() == told.keys() | withheld
        assert columns.missing[row] == len(body["features_missing"])
        assert columns.at[row] == pytest.approx(datetime.fromisoformat(body["generated_at"]).timestamp(), abs=1)


def test_features_are_encoded_as_the_students_read_them(
    columns: Columns, answers: dict[str, Any], frame: Frame
) -> None:
    assert columns.kept.tolist() == list(range(len(columns)))
    for row, vector in zip(columns.kept, columns.features, strict=True):
        customer = int(answers[columns.request_ids[row]][0].removeprefix("c-"))
        expected, _ = encode(frame.schema, watched.customer(customer).features)
        np.testing.assert_array_equal(vector, np.asarray(expected, dtype=np.float32))


def test_bins_count_each_person_once(columns: Columns, frame: Frame) -> None:
    assert columns.bin_rows == CUSTOMERS == columns.first.sum() == len(np.unique(columns.person))
    vectors = [encode(frame.schema, watched.customer(n).features)[0] for n in range(CUSTOMERS)]
    np.testing.assert_array_equal(columns.bins, frame.reference.count(np.asarray(vectors)))
    assert (columns.bins.sum(axis=1) == CUSTOMERS).all()


def test_groups_come_from_profile_and_features(columns: Columns, answers: dict[str, Any]) -> None:
    assert set(columns.groups) == {"age", "region"}
    for row, request_id in enumerate(columns.request_ids):
        record = watched.customer(int(answers[request_id][0].removeprefix("c-")))
        assert record.profile.age is not None
        assert columns.protected["age"][row] == np.searchsorted([30, 45, 65], record.profile.age, side="right")
        region, code = record.features["region"], columns.protected["region"][row]
        assert region is None if code == -1 else columns.groups["region"][code] == region


def test_age_counts_from_the_end_of_the_banks_day(columns: Columns) -> None:
    dated = datetime(2026, 10, 31, 15, tzinfo=UTC).timestamp()  # midnight in Seoul
    np.testing.assert_allclose(columns.as_of_age_hours, (columns.at - dated) / 3600, rtol=1e-6)


def test_texts_carry_their_verdicts(columns: Columns, answers: dict[str, Any]) -> None:
    delivered = {
        (request_id, one["product_id"]): one["reason"]["text"]
        for request_id, (_, body) in answers.items()
        for one in body["recommendations"]
    }
    told = {(one.request_id, one.product): one for one in columns.told if one.passed}
    assert {key: told[key].text for key in delivered} == delivered
    assert {one.groups["region"] for one in columns.told} <= {*columns.groups["region"], ""}


@pytest.mark.parametrize("parts", [2, 3])
def test_processes_change_nothing(
    world: watched.World, frame: Frame, day: str, columns: Columns, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr(reading, "FEWEST", 1)
    again = read_day(world.settings(), frame, day, processes=parts)
    for field in fields(Columns):
        one, other = getattr(columns, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        elif field.name == "protected":
            assert {k: v.tolist() for k, v in one.items()} == {k: v.tolist() for k, v in other.items()}
        else:
            assert one == other, field.name


def test_a_process_that_dies_is_an_error(
    world: watched.World, frame: Frame, day: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading, "FEWEST", 1)
    broken = replace(frame, schema=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="a process that read entries ended"):
        read_day(world.settings(), broken, day)


def test_a_sample_is_a_part_of_the_whole(world: watched.World, frame: Frame, day: str, columns: Columns) -> None:
    some = read_day(world.settings(), frame, day, sample=0.5)
    assert 0 < len(some) < len(columns)
    assert set(some.request_ids) < set(columns.request_ids)
    assert some.decisions == columns.decisions


def test_other_days_are_empty(world: watched.World, frame: Frame, columns: Columns) -> None:
    for other in ("2020-01-01", "2035-01-01"):
        found = read_day(world.settings(), frame, other)
        assert (len(found), found.decisions, found.bin_rows) == (0, 0, 0)


def test_the_cursor_spares_the_days_before(world: watched.World, frame: Frame, day: str, columns: Columns) -> None:
    before = read_day(world.settings(), frame, "2020-01-01")
    again = read_day(world.settings(), frame, day, after=before.cursor)
    assert again.request_ids == columns.request_ids
    assert not len(read_day(world.settings(), frame, "2035-01-01", after=columns.cursor))


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    world = watched.World(tmp_path, now=watched.NOW)
    world.store.put_records(watched.customer(number) for number in range(6))
    answers = [world.ask(f"c-{number}")[1] for number in range(6)]
    world.store.remove_documents([audit_key("c-0")])
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.execute("DROP TRIGGER entries_never_change")
        edited = answers[1]["request_id"]
        database.execute("UPDATE entries SET body = replace(body, 'false', 'true') WHERE request_id = ?", (edited,))
    frame = Frame.of(load_bundle(world.bundle))
    found = read_day(world.settings(), frame, answers[0]["generated_at"][:10])
    assert (len(found), found.decisions, found.erased, found.altered, found.unread) == (4, 5, 1, 1, 0)
    assert sorted(found.request_ids) == sorted(one["request_id"] for one in answers[2:])


def test_the_tables_of_the_cloud_read_alike(tmp_path: Path) -> None:
    with dynamodb_url() as url:
        world = watched.World(tmp_path, store_url=url, now=watched.NOW)
        world.store.put_records(watched.customer(number) for number in range(5))
        answers = [world.ask(f"c-{number}")[1] for number in range(5)]
        world.store.remove_documents([audit_key("c-0")])
        frame, day = Frame.of(load_bundle(world.bundle)), answers[0]["generated_at"][:10]
        found = read_day(world.settings(), frame, day)
        labels = [Label(answers[1]["request_id"], "signups", 1.0)]
        labelled = read_labelled(world.settings(), frame, labels, day)
    assert found.request_ids == [one["request_id"] for one in answers[1:]]
    assert (found.decisions, found.erased, found.unread) == (5, 1, 0)
    assert labelled.columns.request_ids == [answers[1]["request_id"]]
