"""Who may use the admin routes."""

from __future__ import annotations

from typing import Any

import pytest
from overseers import ADMINS, ANNA, SWITCH

TOKEN = "kim:0123456789abcdef0123"


def jwt(scope: str) -> dict[str, Any]:
    return {"jwt": {"claims": {"sub": "kim", "scope": scope}}}


@pytest.mark.parametrize(
    ("authorizer", "status"),
    [
        (None, 403),
        ({"iam": {"userArn": ANNA}}, 200),
        ({"iam": {"userArn": "arn:aws:sts::123456789012:assumed-role/understudy-caller/anna"}}, 403),
        ({"iam": {"userArn": "arn:aws:sts::999999999999:assumed-role/understudy-admin/anna"}}, 403),
        (jwt("openid understudy/admin"), 200),
        (jwt("understudy/administrator"), 403),
        (jwt(""), 403),
    ],
)
def test_the_gateway_says_who_calls_and_the_settings_who_may(function: Any, authorizer: Any, status: int) -> None:
    found, answer = function("GET", SWITCH, authorizer=authorizer)
    assert (found, "switches" in answer) == (status, status == 200)
    recorded = [entry.payload["operation"] for entry in function.entries()]
    known = ["read_kill_switches"] if status == 200 else ["admin_refused"] if authorizer else []
    assert recorded == known


@pytest.mark.parametrize("path", [SWITCH, "/v1/admin/reviews", "/v1/admin/reviews/r-1"])
def test_without_settings_nobody_passes(make_function: Any, path: str) -> None:
    function = make_function()
    for authorizer in (None, {"iam": {"userArn": ANNA}}):
        assert function("GET", path, authorizer=authorizer)[0] == 403
    assert function("GET", path, headers={"authorization": "Bearer "})[0] == 403


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer 0123456789abcdef0123", 200),
        ("bearer 0123456789abcdef0123", 200),
        ("Bearer 0123456789abcdef012", 403),
        ("0123456789abcdef0123", 403),
        ("Bearer 키", 403),
        ("", 403),
    ],
)
def test_the_token_of_a_laptop(make_function: Any, header: str, status: int) -> None:
    function = make_function(understudy_admin_token=TOKEN)
    assert function("GET", SWITCH, headers={"authorization": header})[0] == status
    if status == 200:
        assert function.entries()[-1].payload["operator"] == "kim"


def test_the_token_opens_nothing_where_a_gateway_says_who_calls(make_function: Any) -> None:
    function = make_function(understudy_admin_token=TOKEN, understudy_admins=ADMINS)
    stranger = {"iam": {"userArn": "arn:aws:iam::123456789012:user/stranger"}}
    headers = {"authorization": "Bearer 0123456789abcdef0123"}
    assert function("GET", SWITCH, headers=headers, authorizer=stranger)[0] == 403


def test_an_operator_in_the_body_is_refused(function: Any) -> None:
    body = {"scope": "global", "strategy": "rules", "reason": "a drill", "operator": "the president"}
    assert function("PUT", SWITCH, body, authorizer={"iam": {"userArn": ANNA}})[0] == 400
