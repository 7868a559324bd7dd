"""Cases: kept for ever, found again, and held against how they turned out."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from jury_items import item_result

from agents.jury import Case, CaseStore, TurnedOut, arbitrate, minority_record, open_cases
from agents.jury.exhibits import exhibits, summary
from agents.jury.retrieval import Retrieval
from understudy.contracts.watch import Vote
from understudy.errors import UserError
from understudy.objects import ObjectChangedError, open_objects


def case(
    *said: str, period: str = "2026-11-20", made: str = "2026-11-21T12:00:00+00:00", title: str = "Stability"
) -> Case:
    names = ("conservative", "statistical", "business")
    votes = [
        Vote.model_validate({"perspective": name, "vote": one, "reason": f"{name} says {one}", "juror": "m"})
        for name, one in zip(names, said, strict=True)
    ]
    result = item_result("WARN", period=period, title=title)
    return Case(
        period=period,
        item=result.item.id,
        title=title,
        status="WARN",
        summary=summary(result),
        value=result.measurement.value,
        evidence=[],
        outcome=arbitrate(result, votes),
        made=made,
    )


def turned(case_id: str, how: Any, at: str = "2026-12-01T09:00:00+09:00", note: str = "looked into it") -> TurnedOut:
    return TurnedOut(case=case_id, turned_out=how, note=note, operator="kim", at=at)


def test_a_case_is_kept_once(cases: CaseStore) -> None:
    one = case("PASS", "PASS", "FAIL")
    cases.add(one)
    cases.add(one)
    assert cases.cases() == [one]
    assert cases.hashes() == {one.id: one.sha256}
    assert cases.cases(before="2026-11-20") == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM cases",
        "UPDATE cases SET body = '{}'",
        "DELETE FROM votes WHERE dissents = 1",
        "UPDATE votes SET vote = 'PASS'",
        "DELETE FROM outcomes",
        "UPDATE outcomes SET turned_out = 'PASS'",
    ],
)
def test_nothing_that_was_said_can_be_changed(statement: str, cases: CaseStore, tmp_path: Path) -> None:
    one = case("PASS", "PASS", "FAIL")
    cases.add(one)
    cases.turn_out(turned(one.id, "FAIL"))
    with sqlite3.connect(tmp_path / "cases.sqlite") as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
    assert cases.cases() == [one]


def test_who_writes_past_the_triggers_is_seen_by_the_hash(cases: CaseStore, tmp_path: Path) -> None:
    one = case("PASS", "PASS", "FAIL")
    cases.add(one)
    changed = one.model_copy(update={"summary": "nothing happened"}).body().decode()
    with sqlite3.connect(tmp_path / "cases.sqlite") as connection:
        connection.execute("DROP TRIGGER cases_never_change")
        connection.execute("UPDATE cases SET body = ?", (changed,))
    assert cases.hashes()[one.id] != one.sha256


def test_a_later_note_counts_and_the_earlier_one_stays(cases: CaseStore) -> None:
    one = case("PASS", "PASS", "FAIL")
    cases.add(one)
    cases.turn_out(turned(one.id, "FAIL"))
    cases.turn_out(turned(one.id, "PASS", at="2026-12-09T09:00:00+09:00"))
    assert cases.outcomes()[one.id].turned_out == "PASS"
    assert len(cases.query("SELECT * FROM outcomes")) == 2
    with pytest.raises(UserError, match="no such case"):
        cases.turn_out(turned("0" * 16, "PASS"))


def test_how_often_the_minority_was_right(cases: CaseStore) -> None:
    said = [("FAIL", "PASS", "PASS"), ("FAIL", "WARN", "WARN"), ("PASS", "WARN", "PASS"), ("WARN", "WARN", "WARN")]
    made = [case(*votes, period=f"2026-11-{10 + n}") for n, votes in enumerate(said)]
    for one in made:
        cases.add(one)
    empty = minority_record(cases)
    assert (empty.cases, empty.known, empty.share) == (3, 0, None)
    cases.turn_out(turned(made[0].id, "FAIL"))
    cases.turn_out(turned(made[1].id, "WARN"))
    record = minority_record(cases)
    assert (record.dissents, record.known, record.right, record.majority_right) == (3, 2, 1, 1)
    assert record.share == 0.5
    assert record.low is not None
    assert 0 < record.low < 0.5
    assert record.perspectives["conservative"].right == 1
    assert record.perspectives["statistical"].known == 0


def test_no_decision_has_no_minority(cases: CaseStore) -> None:
    votes = [
        Vote(perspective="conservative", vote="FAIL", reason="because", juror="m"),
        Vote(perspective="statistical", vote=None, reason="", juror="m", error="no_answer"),
        Vote(perspective="business", vote="PASS", reason="because", juror="m"),
    ]
    split = arbitrate(item_result("WARN"), votes)
    cases.add(case("PASS", "PASS", "PASS").model_copy(update={"outcome": split}))
    assert minority_record(cases).dissents == 0


def test_the_case_most_alike_is_found_first_and_one_unlike_is_not_found(cases: CaseStore) -> None:
    texts = ["merchant codes renumbered by the acquirer", "salaries arrive on the 25th", "브랜치 폐쇄"]
    ranked = Retrieval(texts).rank("new merchant category codes", 3)
    assert ranked[0][0] == 0
    assert Retrieval(texts).rank("zzz", 3) == []
    assert Retrieval([]).rank("anything", 3) == []
    first, second = (
        case("PASS", "PASS", "PASS"),
        case("PASS", "PASS", "PASS", title="Herding", made="2026-11-21T13:00Z"),
    )
    cases.add(first)
    cases.add(second)
    cases.turn_out(turned(second.id, "PASS", note="the autumn campaign put one card first"))
    found = cases.similar("autumn campaign", before="2026-12-01")
    assert found[0].case == second
    assert found[0].outcome is not None
    assert cases.similar("autumn campaign", before="2026-11-20") == []


def test_cases_are_shared_through_the_reports_store(tmp_path: Path) -> None:
    objects = open_objects(f"file://{tmp_path}/reports")
    with open_cases(objects) as store:
        store.add(case("PASS", "PASS", "FAIL"))
    with open_cases(objects) as store:
        assert len(store.cases()) == 1
    tag = objects.read("cases.sqlite")
    with open_cases(objects):
        pass
    assert objects.read("cases.sqlite") == tag, "who adds nothing writes nothing"


def test_two_who_add_cases_at_once_lose_none(tmp_path: Path) -> None:
    objects = open_objects(f"file://{tmp_path}/reports")
    mine, theirs = case("PASS", "PASS", "FAIL"), case("WARN", "WARN", "WARN", period="2026-11-19")
    with open_cases(objects) as outer:
        outer.add(mine)
        with open_cases(objects) as inner:
            inner.add(theirs)
            inner.turn_out(turned(theirs.id, "WARN"))
    with open_cases(objects) as store:
        assert store.cases() == [theirs, mine]
        assert store.outcomes()[theirs.id].turned_out == "WARN"


def test_others_who_never_stop_are_an_error_and_no_loss(tmp_path: Path) -> None:
    class Busy:
        url = "busy"

        def read(self, name: str) -> None:
            return None

        def swap(self, name: str, data: bytes, tag: str | None) -> str:
            raise ObjectChangedError(name)

    with pytest.raises(UserError, match="others keep adding"), open_cases(Busy()) as store:  # type: ignore[arg-type]
        store.add(case("PASS", "PASS", "FAIL"))


def test_what_is_no_case_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cases.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        CaseStore(tmp_path / "cases.sqlite")


def test_what_is_shown_is_numbered_and_cut_to_what_a_juror_can_read() -> None:
    wide = {"features": {f"f{n:03}": n / 100 for n in range(40)}, "note": "x" * 900, "days": list(range(30))}
    shown = exhibits(item_result("WARN", detail=wide))
    assert list(shown.shown) == [f"E{n}" for n in range(1, 8)]
    features = next(piece["features"] for piece in shown.shown.values() if "features" in piece)
    assert features["f039"] == 0.39
    assert features["left_out"] == 30
    assert "f001" not in features
    assert len(next(piece["note"] for piece in shown.shown.values() if "note" in piece)) == 401
    assert next(piece["days"] for piece in shown.shown.values() if "days" in piece)[-1] == "and 20 more"
    assert shown.ids == frozenset(shown.shown)
