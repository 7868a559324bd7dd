"""``/v1/admin/kill-switch``: people stop models, tasks and products, from the next request on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import ATTEMPTS, overtaken, read_document
from lambda_app.clock import utc_now
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.operators import authorised_operator
from lambda_app.recording import record_by_operator
from understudy.contracts.api import FieldError
from understudy.contracts.oversight import KillSwitch, KillSwitches, KillSwitchRequest
from understudy.stores import ChangeConflictError, Put
from understudy.stores.oversight import SWITCHES

__all__ = ["clear_kill_switch", "read_kill_switches", "set_kill_switch"]

UNREADABLE = "The kill switches cannot be read; until one is set anew, only rules speak."
Edit = Callable[[list[KillSwitch]], list[KillSwitch]]


def read_kill_switches(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """The switches in force."""
    del params
    operator = authorised_operator(app, http, request_id)
    found, _ = _stored(app)
    if found is None:
        raise HttpError(503, UNREADABLE)
    record_by_operator(app, "data_access", {"operation": "read_kill_switches", "request_id": request_id}, operator)
    return answer(200, found)


def set_kill_switch(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Set a switch, or replace the one of the same scope and target; answers with all that are then in force."""
    del params
    operator = authorised_operator(app, http, request_id)
    wanted = read_body(KillSwitchRequest, http)
    _check_target(app, wanted)
    switch = KillSwitch(**wanted.model_dump(), operator=operator, since=utc_now().isoformat(timespec="seconds"))
    payload = {"operation": "set_kill_switch", "request_id": request_id, "switch": switch.model_dump(mode="json")}
    return answer(200, _change(app, operator, payload, lambda switches: [*_others(switches, switch.name), switch]))


def clear_kill_switch(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Clear the switch of the scope and target in the query; answers with all that stay in force."""
    del params
    operator = authorised_operator(app, http, request_id)
    name, reason = _named(http.query)
    payload = {"operation": "clear_kill_switch", "request_id": request_id, "switch": name, "reason": reason}

    def without(switches: list[KillSwitch]) -> list[KillSwitch]:
        left = _others(switches, name)
        if len(left) == len(switches):
            raise HttpError(404, "No such switch is in force.")
        return left

    return answer(200, _change(app, operator, payload, without))


def _named(query: Mapping[str, str]) -> tuple[str, str]:
    """Name and reason of the switch to be cleared; the contract of setting one says what they may be."""
    asked = {name: value for name, value in query.items() if name in ("scope", "target", "reason")}
    try:
        checked = KillSwitchRequest.model_validate({**asked, "strategy": "rules"})
    except ValidationError as error:
        fields = sorted({".".join(map(str, item["loc"])) or "target" for item in error.errors(include_input=False)})
        raise HttpError(
            400,
            "The query was refused.",
            errors=[FieldError(field=name, message="missing or wrong") for name in fields],
        ) from None
    switch = KillSwitch(**checked.model_dump(), operator="", since="")
    return switch.name, checked.reason


def _others(switches: list[KillSwitch], name: str) -> list[KillSwitch]:
    return [switch for switch in switches if switch.name != name]


def _check_target(app: App, wanted: KillSwitchRequest) -> None:
    """A switch that stops nothing, because its target is misspelled, would only seem to stop something."""
    bundle = app.decider.bundle
    known = {
        "task": {task.name for task in bundle.manifest.tasks},
        "product": {product.id for product in bundle.catalog.products},
    }
    if wanted.scope in known and wanted.target not in known[wanted.scope]:
        field = FieldError(field="target", message=f"no such {wanted.scope} in the model that is served")
        raise HttpError(400, "The body was refused.", errors=[field])


def _stored(app: App) -> tuple[KillSwitches | None, int]:
    """The switches (None: what is stored cannot be read), and the version of their document."""
    found = read_document(app, SWITCHES)
    if found is None:
        return KillSwitches(), 0
    try:
        return KillSwitches.model_validate_json(found.text), found.version
    except ValueError:
        return None, found.version


def _change(app: App, operator: str, payload: dict[str, Any], edit: Edit) -> KillSwitches:
    for _ in range(ATTEMPTS):
        before, version = _stored(app)
        # Setting a switch repairs a document that cannot be read; what stood in it is in the entries before.
        edited = edit(before.switches if before else [])
        after = KillSwitches(switches=sorted(edited, key=lambda switch: switch.name))
        noted = payload | ({} if before else {"replaced_unreadable": True})
        try:
            record_by_operator(app, "operation", noted, operator, [Put(SWITCHES, after.model_dump_json(), version)])
        except ChangeConflictError:
            continue
        return after
    raise overtaken()
