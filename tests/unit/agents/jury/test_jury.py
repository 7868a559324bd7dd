"""Three jurors on a server that speaks Converse: they agree, split, invent, die, are slow or are not paid for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, get_args

import pytest
from jury_items import item_result

from agents.bedrock import CallRecord, OutputMode, load_prompt
from agents.jury import CaseStore, Jury
from agents.jury.exhibits import Exhibits
from agents.jury.judges import PERSPECTIVES
from understudy.contracts.watch import Perspective, Vote
from understudy.local.scripted_jury import FakeJury
from understudy.stores import ServingStore

Seat = Callable[..., Jury]


@pytest.mark.parametrize("mode", get_args(OutputMode))
def test_a_jury_that_agrees_is_a_consensus_in_every_output_mode(
    mode: str, seat: Seat, fake: FakeJury, cases: CaseStore, calls: list[CallRecord]
) -> None:
    (outcome,) = seat(mode=mode).hear([item_result("WARN")], cases)
    assert (outcome.verdict, outcome.decision, outcome.open) == ("CONSENSUS", "WARN", False)
    assert [vote.perspective for vote in outcome.votes] == list(PERSPECTIVES)
    assert [vote.cites for vote in outcome.votes] == [["E1"]] * 3
    assert sorted(call.prompt for call in calls) == sorted(f"jury_{name}@1" for name in PERSPECTIVES)


def test_three_sessions_that_know_nothing_of_each_other(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    seat().hear([item_result("WARN")], cases)
    bodies = [json.dumps(body) for _, body in fake.received]
    assert len(bodies) == 3
    assert len({body["system"][0]["text"] for _, body in fake.received}) == 3
    assert all("others: []" in body["messages"][0]["content"][0]["text"] for _, body in fake.received)


def test_items_that_pass_or_are_unknown_are_not_heard(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    assert seat().hear([item_result("PASS"), item_result("UNKNOWN")], cases) == []
    assert fake.received == []


def test_a_split_jury_leaves_the_item_open_and_keeps_the_dissent(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    fake.script = {"conservative": "fail", "statistical": "pass", "business": "pass"}
    (outcome,) = seat().hear([item_result("WARN")], cases)
    assert (outcome.verdict, outcome.decision, outcome.open) == ("MINORITY_REPORT", "PASS", True)
    assert [vote.perspective for vote in outcome.dissent] == ["conservative"]
    assert outcome.case is not None
    kept = cases.get(outcome.case)
    assert kept is not None
    assert kept.outcome.dissent[0].reason == outcome.dissent[0].reason


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("invent", "cites_unshown: E99"),
        ("die", "no_answer"),
        ("throttling", "throttled"),
        ("unavailable", "service_error"),
        ("slow", "no_answer"),
        ("schema", "invalid_answer"),
        ("truncated", "stop_max_tokens"),
        ("not_json", "invalid_answer"),
    ],
)
def test_a_juror_who_fails_is_never_counted_as_agreeing(
    behaviour: Any, error: str, seat: Seat, fake: FakeJury, cases: CaseStore
) -> None:
    fake.script = {"statistical": behaviour}
    (outcome,) = seat().hear([item_result("WARN")], cases)
    assert (outcome.verdict, outcome.decision) == ("MAJORITY", "WARN")
    assert [vote.error for vote in outcome.votes] == [None, error, None]


@pytest.mark.parametrize("behaviour", ["invent", "die", "throttling", "unavailable", "schema", "not_json"])
def test_an_outage_is_no_quorum_and_leaves_no_case(
    behaviour: Any, seat: Seat, fake: FakeJury, cases: CaseStore
) -> None:
    fake.otherwise = behaviour
    (outcome,) = seat().hear([item_result("WARN")], cases)
    assert (outcome.verdict, outcome.decision, outcome.open, outcome.case) == ("NO_QUORUM", None, True, None)
    assert all(vote.vote is None and vote.error for vote in outcome.votes)
    assert cases.cases() == []


def test_two_who_disagree_are_no_quorum(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    fake.script = {"conservative": "warn", "statistical": "die", "business": "pass"}
    (outcome,) = seat().hear([item_result("WARN")], cases)
    assert (outcome.verdict, outcome.open) == ("NO_QUORUM", True)


def test_the_budget_of_the_month_stops_the_jury(
    seat: Seat, fake: FakeJury, cases: CaseStore, ledger: ServingStore
) -> None:
    (outcome,) = seat(tokens=3000).hear([item_result("WARN")], cases)
    assert outcome.verdict == "NO_QUORUM"
    assert {vote.error for vote in outcome.votes} == {"budget_spent"}
    assert fake.received == []


def test_an_empty_bench_is_no_quorum(cases: CaseStore) -> None:
    (outcome,) = Jury([]).hear([item_result("FAIL", value=0.3)], cases)
    assert (outcome.verdict, outcome.open) == ("NO_QUORUM", True)
    assert {vote.error for vote in outcome.votes} == {"no_model"}


class _Judge:
    """A judge in process."""

    def __init__(self, perspective: Perspective, act: Callable[[], Vote]) -> None:
        self.perspective = perspective
        self._act = act

    def vote(self, shown: Exhibits, others: Sequence[Vote], *, remaining: Callable[[], float]) -> Vote:
        return self._act()


def _pass(perspective: Perspective) -> Vote:
    return Vote(perspective=perspective, vote="PASS", reason="Nothing to see.", juror="test")


def test_a_judge_that_raises_or_hangs_has_not_voted(cases: CaseStore) -> None:
    import threading

    ended = threading.Event()

    def hang() -> Vote:
        ended.wait(5)
        return _pass("statistical")

    def die() -> Vote:
        raise RuntimeError("out of memory")

    judges = [
        _Judge("conservative", die),
        _Judge("statistical", hang),
        _Judge("business", lambda: _pass("business")),
    ]
    (outcome,) = Jury(judges).hear([item_result("WARN")], cases, remaining=lambda: 0.2)
    ended.set()
    assert [vote.error for vote in outcome.votes] == ["died: RuntimeError", "no_time", None]
    assert outcome.verdict == "NO_QUORUM"


def test_in_two_rounds_who_gives_in_is_remembered(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    fake.script = {"conservative": "swayed", "statistical": "fail", "business": "fail"}
    (outcome,) = seat(rounds=2).hear([item_result("WARN")], cases)
    assert len(fake.received) == 6
    assert (outcome.verdict, outcome.decision) == ("CONSENSUS", "FAIL")
    assert [vote.vote for vote in outcome.first_round] == ["PASS", "FAIL", "FAIL"]
    assert [(vote.perspective, vote.vote) for vote in outcome.dissent] == [("conservative", "PASS")]


def test_a_fail_of_the_first_round_keeps_the_item_open(cases: CaseStore) -> None:
    turns = {
        name: iter(votes) for name, votes in {"conservative": ["FAIL", "PASS"], "statistical": ["PASS"] * 2}.items()
    }
    turns["business"] = iter(["PASS", "PASS"])

    def act(name: Perspective) -> Callable[[], Vote]:
        return lambda: _pass(name).model_copy(update={"vote": next(turns[name])})

    (outcome,) = Jury([_Judge(name, act(name)) for name in PERSPECTIVES], rounds=2).hear([item_result()], cases)
    assert (outcome.verdict, outcome.decision, outcome.open) == ("CONSENSUS", "PASS", True)


def test_those_who_agree_at_once_are_not_asked_again(seat: Seat, fake: FakeJury, cases: CaseStore) -> None:
    seat(rounds=2).hear([item_result("WARN")], cases)
    assert len(fake.received) == 3


def test_past_cases_like_this_one_are_shown_with_how_they_turned_out(
    seat: Seat, fake: FakeJury, cases: CaseStore
) -> None:
    jury = seat()
    (before,) = jury.hear([item_result("WARN", period="2026-10-25")], cases)
    (after,) = jury.hear([item_result("WARN", period="2026-11-25")], cases)
    assert after.shown == [before.case]
    assert after.votes[0].cites == ["C1", "E1"]
    (same_day,) = jury.hear([item_result("WARN", period="2026-10-25")], cases)
    assert same_day.shown == [], "a hearing is not shown its own day"


def test_the_prompts_are_those_of_their_version() -> None:
    digests = {name: load_prompt(f"jury_{name}").digest[:12] for name in PERSPECTIVES}
    assert digests == {"conservative": "d42176229548", "statistical": "709dc950126b", "business": "dfccec802ad0"}, (
        "new words need a new version"
    )
