"""Kill switches: those in force, and two steps to set or clear one."""

from __future__ import annotations

from urllib.parse import urlencode

from pydantic import ValidationError

from understudy.client import ApiError
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import when
from understudy.console.forms import Field, area, choice, hidden, line, options, posting, submit
from understudy.console.marks import plain_mark
from understudy.console.sessions import Notice
from understudy.console.tables import empty, facts, panel, table
from understudy.console.words import Words
from understudy.contracts.oversight import KillSwitch, KillSwitches, KillSwitchRequest
from understudy.page import Markup, join, tag

__all__ = ["clear", "confirm_clear", "set_switch", "switches"]

SCOPES = ("global", "task", "product", "model")
STRATEGIES = ("rules", "previous", "disable")
FIELDS = ("scope", "target", "strategy", "reason")


def switches(desk: Desk) -> Page | Go:
    """What is in force, and the form to set one."""
    return _page(desk, {}, {})


def _page(desk: Desk, filled: dict[str, str], errors: dict[str, str], status: int = 200) -> Page:
    words = desk.words
    try:
        found = desk.client.kill_switches()
    except ApiError as error:
        # They cannot be read: rules speak until one is set anew, so the form must be there.
        if error.status != 503 or error.problem is None:
            raise
        in_force = tag("p", error.problem.detail, class_="notice bad", role="alert")
    else:
        in_force = _in_force(found, words)
    content = (
        tag("p", words("switch.lead"), class_="lead"),
        panel("in-force", words("switch.in_force"), in_force),
        panel("set", words("switch.set"), _form(desk, filled, errors)),
    )
    return Page("switches", words("switch.title"), content, status=status)


def _in_force(found: KillSwitches, words: Words) -> Markup:
    if not found.switches:
        return empty(words("switch.none"))
    columns = [words(f"switch.{key}") for key in ("name", "strategy", "why", "by", "since", "change")]
    rows = [
        (
            tag("code", one.name),
            plain_mark(words(f"switch.{one.strategy}"), "bad"),
            one.reason,
            one.operator,
            when(one.since),
            tag("a", words("switch.clear"), href=f"/switches/clear?{urlencode(_query(one))}", class_="button quiet"),
        )
        for one in found.switches
    ]
    return table(words("switch.caption"), columns, rows)


def _query(one: KillSwitch) -> dict[str, str]:
    return {"scope": one.scope} | ({"target": one.target} if one.target else {})


def _form(desk: Desk, filled: dict[str, str], errors: dict[str, str]) -> Markup:
    words = desk.words
    scopes = {one: words(f"switch.{one}") for one in SCOPES}
    scope = Field("scope", words("switch.scope"), filled.get("scope", "task"), error=errors.get("scope", ""))
    hints = {"target": words("switch.target_hint"), "reason": words("switch.reason_hint")}
    target, reason = (
        Field(name, words(f"switch.{name}"), filled.get(name, ""), hint, errors.get(name, ""), name == "reason")
        for name, hint in hints.items()
    )
    strategies = [(name, words(f"switch.{name}"), words(f"switch.{name}_means")) for name in STRATEGIES]
    return posting(
        "/switches",
        desk.session.csrf,
        options(scope, scopes),
        line(target, maxlength="128"),
        choice("strategy", words("switch.strategy"), strategies, filled.get("strategy", "rules")),
        area(reason, 2, minlength="3", maxlength="500"),
        submit(words("switch.look")),
    )


def set_switch(desk: Desk) -> Page | Go:
    """First look at what would be set, then (``confirmed``) set it."""
    words = desk.words
    filled = {name: desk.filled(name) for name in FIELDS}
    try:
        wanted = KillSwitchRequest.model_validate({name: value for name, value in filled.items() if value})
    except ValidationError as error:
        fields = {str(item["loc"][0]) if item["loc"] else "target" for item in error.errors(include_input=False)}
        return _page(desk, filled, {name: words.named("switch_error", name) for name in sorted(fields)}, 400)
    if desk.filled("confirmed") != "yes":
        return _confirm_set(desk, wanted, filled)
    try:
        desk.client.set_kill_switch(wanted)
    except ApiError as error:
        if error.status != 400 or error.problem is None:
            raise
        errors = {one.field: one.message for one in error.problem.errors} or {"reason": error.problem.detail}
        return _page(desk, filled, errors, 400)
    desk.session.notice = Notice("switch.was_set", {"name": _name(wanted.scope, wanted.target)})
    return Go("/switches")


def _name(scope: str, target: str | None) -> str:
    return f"{scope}:{target}" if target else scope


def _confirm_set(desk: Desk, wanted: KillSwitchRequest, filled: dict[str, str]) -> Page:
    words = desk.words
    effect = words(f"switch.{wanted.strategy}_means")
    form = posting(
        "/switches",
        desk.session.csrf,
        *(hidden(name, value) for name, value in filled.items() if value),
        hidden("confirmed", "yes"),
        tag("div", submit(words("switch.do_set"), "danger"), _cancel(words), class_="row"),
    )
    told = facts(
        [
            (words("switch.name"), tag("code", _name(wanted.scope, wanted.target))),
            (words("switch.strategy"), plain_mark(words(f"switch.{wanted.strategy}"), "bad")),
            (words("switch.effect"), effect),
            (words("switch.reason"), wanted.reason),
        ]
    )
    content = panel("confirm", words("switch.confirm"), told, tag("p", words("switch.at_once"), class_="lead"), form)
    return Page("switches", words("switch.confirm_title"), (content,))


def confirm_clear(desk: Desk) -> Page | Go:
    """Ask for the reason before a switch is cleared."""
    return _confirm_clear(desk, desk.asked("scope"), desk.asked("target"), "")


def _confirm_clear(desk: Desk, scope: str, target: str, error: str, status: int = 200) -> Page:
    words = desk.words
    name = _name(scope, target or None)
    form = posting(
        "/switches/clear",
        desk.session.csrf,
        hidden("scope", scope),
        hidden("target", target),
        area(Field("reason", words("switch.reason"), desk.filled("reason"), error=error), 2, maxlength="500"),
        tag("div", submit(words("switch.do_clear"), "danger"), _cancel(words), class_="row"),
    )
    told = join(tag("p", words("switch.clear_lead", name=name), class_="lead"))
    content = panel("confirm", words("switch.clear_title"), told, form)
    return Page("switches", words("switch.clear_title"), (content,), status=status)


def clear(desk: Desk) -> Page | Go:
    """Clear a switch."""
    scope, target, reason = desk.filled("scope"), desk.filled("target"), desk.filled("reason")
    if not 3 <= len(reason) <= 500:
        return _confirm_clear(desk, scope, target, desk.words.named("switch_error", "reason"), 400)
    try:
        desk.client.clear_kill_switch(scope, target or None, reason)
    except ApiError as error:
        if error.status not in (400, 404) or error.problem is None:
            raise
        return _confirm_clear(desk, scope, target, error.problem.detail, error.status)
    desk.session.notice = Notice("switch.was_cleared", {"name": _name(scope, target or None)})
    return Go("/switches")


def _cancel(words: Words) -> Markup:
    return tag("a", words("switch.cancel"), href="/switches", class_="button quiet")
