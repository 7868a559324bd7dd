"""What each page shows, of what the API says; and that what is not known is never shown as fine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import watch_reports
from console_bank import NOW, Bank, Browser, open_bank

from understudy.client import ApiError
from understudy.contracts.oversight import KillSwitchRequest, ReviewDecision
from understudy.contracts.watch import AuditReport


def day(number: int) -> str:
    return watch_reports.day(number)


# status


def test_the_newest_day_is_shown_first_with_everything_that_needs_a_person(browser: Browser) -> None:
    seen = browser.get("/")
    report = watch_reports.ops_report(30)
    assert "Somebody has to act." in seen.text
    assert all(finding.title in seen.text.replace("’", "'") for finding in report.attention_required)
    assert all(finding.suggested_action in seen.text for finding in report.attention_required)
    assert "53 items were checked; 1 could not be measured." in seen.text
    assert seen.body.count('class="tile ') == 7
    assert "overdue" in seen.text


def test_another_day_is_a_link_away_and_says_its_level_in_words(browser: Browser) -> None:
    seen = browser.get("/")
    assert f'href="/?day={day(3)}"' in seen.body
    assert f"{day(3)}: Green" in seen.text
    calm = browser.get(f"/?day={day(3)}")
    assert "Nothing needs attention." in calm.text
    assert 'aria-current="date"' in calm.body


def test_a_report_that_nobody_followed_up_is_called_old(bank: Bank) -> None:
    old = bank.browser(now=NOW + timedelta(days=12)).get("/")
    assert "The newest report is 13 days old." in old.text
    assert "days old" not in bank.browser().get("/").text


def test_without_reports_the_state_is_unknown(tmp_path: Path) -> None:
    with open_bank(tmp_path) as bank:
        for path in sorted(bank.reports.rglob("*.json")):
            path.unlink()
        browser = bank.browser()
        for path in ("/", "/checklist", "/drift", "/fairness"):
            seen = browser.get(path)
            assert "The state is unknown." in seen.text
            assert "Green" not in seen.text
        assert "The state of the log is not known." in browser.get("/log").text
        (bank.reports / "ops" / f"{day(30)}.json").write_text("{}")
        assert f"The report of {day(30)} cannot be read." in browser.get("/").text


def test_a_page_of_days_leads_to_the_ones_before(tmp_path: Path) -> None:
    with open_bank(tmp_path) as bank:
        watch_reports.write(bank.reports, first=31, last=40)
        browser = bank.browser()
        first = browser.get("/checklist?part=P5")
        assert f"/checklist?part=P5&amp;until={day(10)}" in first.body
        older = browser.get(f"/?until={day(10)}")
        assert f"{day(9)}: Green" in older.text
        assert "Newest" in older.text


# checklist, drift, fairness


def test_every_item_is_there_with_status_value_thresholds_and_evidence(browser: Browser) -> None:
    seen = browser.get("/checklist")
    for result in watch_reports.items(30):
        assert f'id="item-{result.item.id}"' in seen.body
        assert result.item.title in seen.text
    assert "W ≥ 0.1 · F ≥ 0.25" in seen.text
    assert "the language model did not answer (3 attempts)" in seen.text
    assert "psi_max/2026-10-30" in seen.text


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("status=FAIL", {"P5-03", "P5-04", "P6-07"}),
        ("status=UNKNOWN", {"P6-04"}),
        ("status=open&part=P6", {"P6-04", "P6-07"}),
        ("find=pipa", {"P6-06"}),
        ("find=zzz", set()),
    ],
)
def test_the_filter_shows_what_fits(browser: Browser, query: str, ids: set[str]) -> None:
    seen = browser.get(f"/checklist?{query}")
    shown = {result.item.id for result in watch_reports.items(30) if f'id="item-{result.item.id}"' in seen.body}
    assert shown == ids
    assert f"{len(ids)} of 53 items" in seen.text


def test_drift_is_drawn_with_its_thresholds_and_the_table_behind(browser: Browser) -> None:
    seen = browser.get("/drift")
    assert "Largest: card_spend_3m, 0.3629." in seen.text
    assert 'class="bar bad"' in seen.body
    assert "Thresholds: 0.1, 0.25." in seen.text
    assert seen.body.count("<polyline") >= 8


def test_groups_outside_the_range_are_named(browser: Browser) -> None:
    assert "Outside the range: age_group: 65+" in browser.get("/fairness").text
    assert (
        "Confirmed by the sequential test: 1 comparisons. age_group: 65+ · nba_primary:investments: di 0.7123"
        in browser.get("/fairness").text
    )
    calm = browser.get(f"/fairness?day={day(5)}").text
    assert "groups lie in the range" in calm
    assert "The sequential test has confirmed no breach." in calm


# reviews


def test_the_queue_lists_what_waits(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    seen = browser.get("/reviews")
    assert f'href="/reviews/{review}"' in seen.body
    assert "withheld" in seen.text


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_person_decides_with_a_reason(bank: Bank, browser: Browser, decision: str) -> None:
    review = bank.waiting()
    page = browser.get(f"/reviews/{review}")
    assert "Growth Fund" in page.text
    done = browser.post(f"/reviews/{review}", decision=decision, reason="looked at the file")
    listing = browser.follow(done)
    assert f"Growth Fund: {decision}." in listing.text
    assert 'role="status"' in listing.body
    assert f"Growth Fund: {decision}." not in browser.get("/reviews").text  # it is told once
    found = bank.client.review(review)
    assert (found.state, found.operator, found.reason) == (decision, "kim", "looked at the file")
    assert "looked at the file" in browser.get(f"/reviews/{review}").text


def test_other_words_are_passed_on_if_the_gate_lets_them(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    told = str(bank.client.review(review).recommendation["reason"]["text"])
    assert browser.post(f"/reviews/{review}", decision="modified", reason="clearer so", text=told).status == 303
    assert bank.client.review(review).state == "modified"


def test_what_the_gate_refuses_is_shown_beside_what_was_written(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    promise = "Your principal is safe and the return is guaranteed."
    seen = browser.post(f"/reviews/{review}", decision="modified", reason="to sell more", text=promise)
    assert seen.status == 400
    assert "Not passed on: rejected by the safety gate: " in seen.text
    assert promise in seen.text
    assert "to sell more" in seen.text
    assert 'aria-invalid="true"' in seen.body
    assert bank.client.review(review).state == "pending"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"decision": "rejected", "reason": "no"}, "Three to 500 characters."),
        ({"decision": "modified", "reason": "because", "text": ""}, "Write the text that takes its place."),
    ],
)
def test_what_is_missing_is_asked_for(bank: Bank, browser: Browser, form: dict[str, str], said: str) -> None:
    seen = browser.post(f"/reviews/{bank.waiting()}", **form)
    assert (seen.status, said in seen.text) == (400, True)


def test_of_two_who_decide_the_second_is_told(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    bank.client.decide_review(review, ReviewDecision(decision="rejected", reason="not for them"))
    seen = browser.post(f"/reviews/{review}", decision="approved", reason="fine by me")
    assert seen.status == 409
    assert bank.client.review(review).state == "rejected"


# kill switches


def test_a_switch_is_set_in_two_steps_and_cleared_in_two(bank: Bank, browser: Browser) -> None:
    form = {"scope": "task", "target": "spend", "strategy": "rules", "reason": "PSI over .25"}
    step = browser.post("/switches", **form)
    assert "Is this what you want?" in step.text
    assert bank.client.kill_switches().switches == []
    listing = browser.follow(browser.post("/switches", **form, confirmed="yes"))
    assert "task:spend is set." in listing.text
    assert "PSI over .25" in listing.text
    ask = browser.get("/switches/clear?scope=task&target=spend")
    assert "task:spend will be cleared" in ask.text
    refused = browser.post("/switches/clear", scope="task", target="spend", reason="")
    assert (refused.status, len(bank.client.kill_switches().switches)) == (400, 1)
    cleared = browser.follow(browser.post("/switches/clear", scope="task", target="spend", reason="the drill is over"))
    assert "task:spend is cleared." in cleared.text
    assert bank.client.kill_switches().switches == []
    gone = browser.post("/switches/clear", scope="task", target="spend", reason="the drill is over")
    assert "No such switch is in force." in gone.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"scope": "task", "strategy": "rules", "reason": "a drill"}, "any other scope has one"),
        ({"scope": "global", "target": "x", "strategy": "rules", "reason": "a drill"}, "any other scope has one"),
        ({"scope": "global", "strategy": "rules", "reason": ""}, "Three to 500 characters."),
    ],
)
def test_a_switch_that_makes_no_sense_is_not_asked_for_again(browser: Browser, form: dict[str, str], said: str) -> None:
    seen = browser.post("/switches", **form)
    assert (seen.status, said in seen.text) == (400, True)


def test_a_target_that_the_model_does_not_know_is_the_apis_word(browser: Browser) -> None:
    form = {"scope": "task", "target": "no-such", "strategy": "rules", "reason": "a drill", "confirmed": "yes"}
    seen = browser.post("/switches", **form)
    assert "no such task in the model that is served" in seen.text
    assert 'value="no-such"' in seen.body


def test_switches_that_cannot_be_read_can_still_be_set(
    bank: Bank, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(client: object) -> None:
        from understudy.contracts.api import Problem

        raise ApiError(503, Problem(title="x", status=503, detail="they cannot be read", request_id="r"))

    monkeypatch.setattr(type(bank.client), "kill_switches", unreadable)
    seen = browser.get("/switches")
    assert "they cannot be read" in seen.text
    assert "Set a switch" in seen.text


# decisions


def test_a_decision_is_shown_whole_and_no_url_names_the_customer(bank: Bank, browser: Browser) -> None:
    answer = bank.decide()
    found = browser.post("/decisions", request_id=answer.request_id, customer_id="bold")
    assert found.header("Location") == f"/decisions/{answer.request_id}"
    seen = browser.follow(found)
    for product in answer.recommendations:
        assert product.name in seen.text
        assert product.reason.text in seen.text
    for dropped in answer.dropped:
        assert dropped.reason in seen.text
    for part in (
        "Entry holds",
        "Same scores",
        "deepfm 45%",
        "overseas_count",
        "passed",
        "distilled: the gates chose rules",
    ):
        assert part in seen.text
    assert answer.audit.mac in seen.text
    assert f"{answer.audit.writer}/{answer.audit.seq}" in seen.text


def test_without_the_customer_only_layers_and_proof_are_shown(bank: Bank, browser: Browser) -> None:
    answer = bank.decide()
    seen = browser.get(f"/decisions/{answer.request_id}")
    assert "Name the customer to open it." in seen.text
    assert "overseas_count" not in seen.text
    assert "1 Distilled" in seen.text
    opened = browser.follow(browser.post("/decisions", request_id=answer.request_id, customer_id="bold"))
    assert "overseas_count" in opened.text
    assert "overseas_count" not in bank.browser().get(f"/decisions/{answer.request_id}").text


def test_from_a_review_one_looks_into_its_decision(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    browser.get(f"/reviews/{review}")
    request_id = bank.client.review(review).request_id
    assert "Recommended products" in browser.get(f"/decisions/{request_id}").text


def test_a_wrong_customer_opens_nothing_and_is_forgotten(bank: Bank, browser: Browser) -> None:
    answer = bank.decide()
    seen = browser.follow(browser.post("/decisions", request_id=answer.request_id, customer_id="c-1"))
    assert seen.status == 404
    assert "No decision about this customer has this id." in seen.text
    assert "Name the customer to open it." in browser.get(f"/decisions/{answer.request_id}").text
    assert browser.post("/decisions", request_id="../etc", customer_id="").status == 400


def test_what_was_erased_stays_so(bank: Bank, browser: Browser) -> None:
    from understudy.contracts.rights import Erased

    answer = bank.decide("leaver")
    bank.client.call("DELETE", "/v1/customers/leaver", Erased)
    seen = browser.follow(browser.post("/decisions", request_id=answer.request_id, customer_id="leaver"))
    assert "key was destroyed" in seen.text
    assert "Entry holds" in seen.text


def test_an_altered_entry_is_not_shown(bank: Bank, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = bank.decide()
    kind = type(bank.store)
    body = bank.store.get_request(answer.request_id) or b""
    monkeypatch.setattr(kind, "get_request", lambda *_: body.replace(b'"opted_out":false', b'"opted_out":true '))
    seen = browser.follow(browser.post("/decisions", request_id=answer.request_id, customer_id="bold"))
    assert "Entry altered" in seen.text
    assert "Follow the runbook" in seen.text
    assert "overseas_count" not in seen.text


# log and audits


def test_the_log_says_what_was_found_and_where(browser: Browser) -> None:
    seen = browser.get("/log")
    assert "The log is not what its writers wrote." in seen.text
    assert "8231" in seen.text
    assert "24,589 of 24,600" in seen.text
    assert f'href="/audits/nightly/{day(20)}"' in seen.body


def test_a_log_without_checkpoints_says_what_that_means(tmp_path: Path) -> None:
    with open_bank(tmp_path) as bank:
        path = bank.reports / "audit" / "nightly" / f"{day(30)}.json"
        report = AuditReport.model_validate_json(path.read_bytes())
        assert report.log is not None
        clean = report.log.model_copy(update={"verdict": "clean", "bad": [], "checkpoints": None, "heads": []})
        path.write_text(report.model_copy(update={"log": clean}).model_dump_json())
        seen = bank.browser().get("/log")
    assert "Every entry is what its writer wrote." in seen.text
    assert "None were held against the log" in seen.text


def test_audits_are_listed_by_kind(browser: Browser) -> None:
    assert f"{day(22)} – {day(28)}" in browser.get("/audits").text
    assert "No report is kept." in browser.get("/audits?kind=quarterly").text


def test_an_audit_shows_claims_with_evidence_and_the_minority(browser: Browser) -> None:
    seen = browser.get(f"/audits/nightly/{day(24)}")
    for claim in watch_reports.audit_report("nightly", 24).claims:
        assert claim.text in seen.text
        assert all(one.ref in seen.text for one in claim.evidence)
    assert "minority report" in seen.text
    assert "Two features of high weight have left their reference." in seen.text
    assert "case-20260412-P5-03" in seen.text


def test_a_dead_jury_is_no_quorum(browser: Browser) -> None:
    seen = browser.get(f"/audits/nightly/{day(28)}")
    assert "No quorum" in seen.text
    assert "no vote: timed out after 20 s" in seen.text
    assert "stays open" in seen.text
    assert "Consensus" not in seen.text


def test_there_is_no_audit_of_another_day(browser: Browser) -> None:
    assert browser.get("/audits/weekly/2020-01-01").status == 404


def test_what_comes_from_outside_is_text(bank: Bank, browser: Browser) -> None:
    attack = "<script>alert(1)</script>"
    bank.client.set_kill_switch(KillSwitchRequest(scope="global", strategy="rules", reason=attack))
    try:
        seen = browser.get("/switches")
        assert "&lt;script&gt;" in seen.body
        assert "<script" not in seen.body
        assert "<script" not in browser.get(f"/checklist?find={attack}").body
        assert "<script" not in browser.post("/decisions", request_id=attack, customer_id=attack).body
    finally:
        bank.client.clear_kill_switch("global", None, "the drill is over")
