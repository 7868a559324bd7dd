"""Every way in which three seats can vote."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from jury_items import item_result

from agents.jury.arbiter import arbitrate
from agents.jury.ballot import Ballot, counted
from agents.jury.judges import PERSPECTIVES
from understudy.contracts.watch import Vote


def votes(*said: str | None) -> list[Vote]:
    return [
        Vote.model_validate(
            {"perspective": name, "vote": one, "reason": "why", "juror": "m", "error": None if one else "no_answer"}
        )
        for name, one in zip(PERSPECTIVES, said, strict=True)
    ]


@pytest.mark.parametrize(
    ("said", "verdict", "decision", "open_"),
    [
        (("PASS", "PASS", "PASS"), "CONSENSUS", "PASS", False),
        (("WARN", "WARN", "WARN"), "CONSENSUS", "WARN", False),
        (("FAIL", "FAIL", "FAIL"), "CONSENSUS", "FAIL", True),
        (("PASS", "PASS", "WARN"), "MAJORITY", "PASS", False),
        (("WARN", "WARN", "PASS"), "MAJORITY", "WARN", False),
        (("FAIL", "FAIL", "PASS"), "MAJORITY", "FAIL", True),
        (("PASS", "PASS", "FAIL"), "MINORITY_REPORT", "PASS", True),
        (("WARN", "FAIL", "WARN"), "MINORITY_REPORT", "WARN", True),
        (("PASS", "WARN", "FAIL"), "MINORITY_REPORT", "FAIL", True),
        (("PASS", "PASS", None), "MAJORITY", "PASS", False),
        (("FAIL", None, "FAIL"), "MAJORITY", "FAIL", True),
        (("PASS", None, "WARN"), "NO_QUORUM", None, True),
        (("PASS", None, None), "NO_QUORUM", None, True),
        ((None, None, None), "NO_QUORUM", None, True),
    ],
)
def test_what_votes_come_to(said: Any, verdict: str, decision: str | None, open_: bool) -> None:
    outcome = arbitrate(item_result("WARN"), votes(*said))
    assert (outcome.verdict, outcome.decision, outcome.open) == (verdict, decision, open_)


def test_whatever_the_votes_an_absent_one_is_no_consensus_and_a_fail_stays_open() -> None:
    for said in product(("PASS", "WARN", "FAIL", None), repeat=3):
        outcome = arbitrate(item_result("WARN"), votes(*said))
        cast = [one for one in said if one]
        assert (outcome.verdict == "CONSENSUS") == (len(cast) == 3 and len(set(cast)) == 1)
        assert outcome.open or ("FAIL" not in said and outcome.decision is not None)
        assert {vote.vote for vote in outcome.dissent} == (
            set(cast) - {outcome.decision} if outcome.decision else set()
        )


def test_a_fact_that_is_not_there_is_not_voted_away() -> None:
    chain = item_result("FAIL", value=0.0, direction="present", warn=None, fail=None, id="P6-07")
    outcome = arbitrate(chain, votes("PASS", "PASS", "PASS"))
    assert (outcome.verdict, outcome.decision, outcome.open) == ("CONSENSUS", "PASS", True)


def test_a_vote_that_cites_what_was_not_shown_is_void() -> None:
    ballot = Ballot(vote="PASS", reason="The exhibits explain it.", evidence=["E1", "E7"])
    assert counted(ballot, "business", "m", {"E1", "E7"}).vote == "PASS"
    void = counted(ballot, "business", "m", {"E1"})
    assert (void.vote, void.error) == (None, "cites_unshown: E7")
    assert void.reason == ballot.reason, "what was said is kept, though it does not count"
