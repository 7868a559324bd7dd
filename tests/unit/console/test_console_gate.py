"""Who gets in, what a form must hold, and what every answer says to the browser."""

from __future__ import annotations

import re

import pytest
from console_bank import CODE, SECRET, Bank, Browser, console

from understudy.client import AdminClient
from understudy.console.app import PAGES
from understudy.console.guard import POLICY
from understudy.console.http import local_path
from understudy.console.sessions import IDLE_SECONDS, LONGEST_SECONDS, new_code

PATHS = ["/", "/checklist", "/switches", "/decisions/x", "/audits/nightly/2026-10-24", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_there_is_the_gate_and_nothing_else(bank: Bank, path: str) -> None:
    seen = Browser(console(bank.client)).get(path)
    assert seen.status == 200
    assert "Sign in" in seen.text
    assert "Kill switches" not in seen.text


def test_a_form_without_a_session_changes_nothing(bank: Bank) -> None:
    seen = Browser(console(bank.client)).post("/switches", scope="global", strategy="disable", reason="mischief")
    assert seen.status == 401
    assert bank.client.kill_switches().switches == []


def test_the_code_opens_a_session_and_leads_to_where_one_wanted_to_go(bank: Bank) -> None:
    browser = Browser(console(bank.client))
    gate = browser.get("/checklist?status=open")
    assert 'name="to" value="/checklist?status=open"' in gate.body
    seen = browser.post("/sign-in", code=CODE.lower().replace("-", " "), to="/checklist?status=open")
    assert (seen.status, seen.header("Location")) == (303, "/checklist?status=open")
    cookie = seen.header("Set-Cookie")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(re.split("; ", cookie))
    assert "53" in browser.follow(seen).text


def test_a_wrong_code_does_not(bank: Bank) -> None:
    browser = Browser(console(bank.client))
    seen = browser.post("/sign-in", code="WRONG")
    assert seen.status == 403
    assert "This is not the code." in seen.text
    assert browser.cookies == {}


def test_after_five_wrong_codes_everybody_waits_even_who_has_the_right_one(bank: Bank) -> None:
    time = [0.0]
    browser = Browser(console(bank.client, clock=lambda: time[0]))
    for _ in range(5):
        browser.post("/sign-in", code="WRONG")
    assert browser.post("/sign-in", code=CODE).status == 429
    time[0] = 61.0
    assert browser.post("/sign-in", code=CODE).status == 303


@pytest.mark.parametrize("after", [IDLE_SECONDS + 1.0, LONGEST_SECONDS + 1.0])
def test_a_session_ends_when_nobody_uses_it_and_after_a_working_day(bank: Bank, after: float) -> None:
    time = [0.0]
    browser = bank.browser(clock=lambda: time[0])
    while time[0] < after - IDLE_SECONDS:
        time[0] += IDLE_SECONDS - 1
        browser.get("/decisions")
    assert "Decision explorer" in browser.get("/decisions").text or time[0] > LONGEST_SECONDS
    time[0] = max(time[0], after - 1) + (IDLE_SECONDS + 1 if after < LONGEST_SECONDS else 1)
    assert "Sign in" in browser.get("/decisions").text


def test_signing_out_ends_the_session_also_for_a_stolen_cookie(bank: Bank) -> None:
    browser = bank.browser()
    thief = Browser(browser.app, cookies=dict(browser.cookies))
    assert browser.post("/sign-out").status == 303
    assert "Sign in" in thief.get("/").text


def test_codes_are_long_and_never_alike() -> None:
    codes = {new_code() for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code) for code in codes)


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"csrf": ""}, {}),
        ({"csrf": "another"}, {}),
        ({}, {"ORIGIN": "http://evil.example"}),
        ({}, {"ORIGIN": "null"}),
        ({}, {"SEC_FETCH_SITE": "cross-site"}),
        ({}, {"SEC_FETCH_SITE": "same-site"}),
    ],
)
def test_a_forged_form_changes_nothing(bank: Bank, form: dict[str, str], headers: dict[str, str]) -> None:
    browser = bank.browser()
    browser.get("/switches")
    wanted = {"scope": "global", "strategy": "disable", "reason": "mischief", "confirmed": "yes"}
    seen = browser.post("/switches", headers=headers, **wanted, **form)
    assert seen.status == 403
    assert "Nothing was changed" in seen.text
    assert bank.client.kill_switches().switches == []


def test_a_name_that_somebody_made_to_point_here_is_not_served(bank: Bank) -> None:
    browser = bank.browser()
    browser.host = "console.evil.example:8090"
    assert browser.get("/").status == 421
    browser.host = "127.0.0.1:9999"
    assert browser.get("/").status == 421


@pytest.mark.parametrize("path", ["/", "/switches", "/nowhere", "/sign-in"])
def test_every_answer_forbids_scripts_frames_and_keeping(browser: Browser, path: str) -> None:
    seen = browser.get(path)
    assert seen.header("Content-Security-Policy") == POLICY
    assert seen.header("Cache-Control") == "no-store"
    assert seen.header("X-Frame-Options") == "DENY"
    assert seen.header("X-Content-Type-Options") == "nosniff"
    assert seen.header("Referrer-Policy") == "same-origin"


def test_the_policy_allows_no_script_and_nothing_from_elsewhere() -> None:
    assert POLICY.startswith("default-src 'none'")
    assert "script-src" not in POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_the_secret_is_in_no_answer(bank: Bank, browser: Browser) -> None:
    review = bank.waiting()
    paths = ["/", "/checklist", "/drift", "/fairness", "/reviews", f"/reviews/{review}", "/switches", "/decisions"]
    for path in [*paths, "/log", "/audits", "/audits/nightly/2026-10-24"]:
        seen = browser.get(path)
        assert seen.status == 200, path
        assert SECRET not in seen.body + str(seen.headers)


def test_the_style_is_kept_under_a_name_that_says_what_is_in_it(browser: Browser) -> None:
    (path,) = re.findall(r'rel="stylesheet" href="([^"]+)"', browser.get("/").body)
    seen = browser.get(path)
    assert (seen.status, seen.header("Content-Type")) == (200, "text/css; charset=utf-8")
    assert "immutable" in seen.header("Cache-Control")
    assert "@import" not in seen.body
    assert "url(" not in seen.body


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/checklist?day=2026-10-01&status=open", "/checklist?day=2026-10-01&status=open"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_sent_elsewhere(asked: str, given: str) -> None:
    assert local_path(asked) == given


def test_a_language_is_chosen_and_remembered(browser: Browser) -> None:
    seen = browser.get("/language/ko?back=//evil.example")
    assert seen.header("Location") == "/"
    seen = browser.follow(browser.get("/language/ko?back=/switches"))
    assert '<html lang="ko">' in seen.body
    assert "긴급 정지" in seen.text


def test_the_browsers_language_is_spoken_until_one_is_chosen(bank: Bank) -> None:
    browser = bank.browser()
    browser.language = "fr-FR, ko-KR;q=0.8, en;q=0.5"
    assert '<html lang="ko">' in browser.get("/switches").body
    browser.language = "fr-FR"
    assert '<html lang="en">' in browser.get("/switches").body


def test_what_is_not_there_and_what_is_not_done_there(browser: Browser) -> None:
    assert browser.get("/nowhere").status == 404
    assert browser.post("/checklist").status == 405
    assert browser.post("/switches", reason="x" * 70_000).status == 413
    assert {method for method, _, _ in PAGES} == {"GET", "POST"}


def test_an_endpoint_that_is_gone_is_said_to_be_unknown() -> None:
    with AdminClient("http://127.0.0.1:9") as gone:
        browser = Browser(console(gone))
        browser.post("/sign-in", code=CODE, csrf="")
        seen = browser.get("/")
    assert seen.status == 502
    assert "cannot be reached" in seen.text
    assert "the state is unknown" in seen.text


def test_an_api_that_refuses_the_operator_is_quoted(bank: Bank) -> None:
    with AdminClient(bank.url) as nobody:
        browser = Browser(console(nobody))
        browser.post("/sign-in", code=CODE, csrf="")
        seen = browser.get("/switches")
    assert seen.status == 403
    assert "not open to this caller" in seen.text


def test_a_defect_is_told_and_reported_and_nothing_else_is_shown(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, told = bank.browser(), []
    monkeypatch.setattr(browser.app, "_report", lambda: told.append("a defect"))
    monkeypatch.setattr(AdminClient, "kill_switches", lambda self: 1 / 0)
    seen = browser.get("/switches")
    assert (seen.status, told) == (500, ["a defect"])
    assert "division" not in seen.text
