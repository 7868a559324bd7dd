"""``/v1/admin/decisions/{request_id}``: an operator looks into one past decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_app.app import App
from lambda_app.changing import store_failed
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.operators import authorised_operator
from lambda_app.recording import record_by_operator
from lambda_app.report_store import latest_log_state
from lambda_app.revisiting import recompute
from lambda_app.shapes import PARAMETERS
from understudy.audit import AlteredError, ErasedError, ForeignError, Place, read_decision, read_payload, stated_place
from understudy.contracts.api import AuditRef, FieldError, Recommendation, TaskScore
from understudy.contracts.audit import CustomerKey
from understudy.contracts.inspection import AuditState, DecisionProof, DecisionRecord, OpenedDecision
from understudy.contracts.watch import BadPlace
from understudy.stores import audit_key

__all__ = ["read_decision_record"]

ABSENT = "No decision has this id."


def read_decision_record(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """One decision as the audit log has it; whole, if the query names the customer whom it is about."""
    operator = authorised_operator(app, http, request_id)
    asked, customer_id = params["request_id"], _customer(http.query)
    body, key = _found(app, asked, customer_id)
    found = _record(app, asked, body, customer_id, key)
    payload = {
        "operation": "read_decision",
        "request_id": request_id,
        "decision": asked,
        "opened": found.opened is not None,
        "pseudonym": found.pseudonym,
    }
    record_by_operator(app, "data_access", payload, operator)
    return answer(200, found)


def _customer(query: Mapping[str, str]) -> str | None:
    given = query.get("customer_id")
    if given is None:
        return None
    if not PARAMETERS["customer_id"].fullmatch(given):
        errors = [FieldError(field="customer_id", message="malformed identifier")]
        raise HttpError(400, "The query was refused.", errors=errors)
    return given


def _found(app: App, asked: str, customer_id: str | None) -> tuple[bytes, CustomerKey | None]:
    try:
        store = app.backing.store
        body = store.get_request(asked)
        if body is None:
            raise HttpError(404, ABSENT)
        if customer_id is None:
            return body, None
        stored = store.read_documents([audit_key(customer_id)]).get(audit_key(customer_id))
        return body, CustomerKey.model_validate_json(stored.text) if stored else None
    except HttpError:
        raise
    except Exception as error:
        raise store_failed("get_request", error) from error


def _record(app: App, asked: str, body: bytes, customer_id: str | None, key: CustomerKey | None) -> DecisionRecord:
    try:
        place = stated_place(body)
    except AlteredError:
        raise HttpError(503, "What is stored is no entry; the audit log has to be checked.") from None
    state = latest_log_state(app)
    try:
        payload = read_payload(body, app.backing.keyring)
    except AlteredError:
        return DecisionRecord(request_id=asked, proof=_proof(place, "altered", state), closed="altered")
    readable = DecisionRecord(
        request_id=asked,
        proof=_proof(place, "holds", state),
        pseudonym=payload["pseudonym"],
        model_version=payload["model_version"],
        opted_out=payload["opted_out"],
        read_error=payload["read_error"],
        layers=payload["layers"],
        closed="unnamed",
    )
    if customer_id is None:
        return readable
    try:
        content = read_decision(body, app.backing.keyring, app.backing.customer_keys, customer_id, key).content
    except ForeignError:
        raise HttpError(404, "No decision about this customer has this id.") from None
    except ErasedError:
        return readable.model_copy(update={"closed": "erased"})
    except AlteredError:
        return readable.model_copy(update={"closed": "altered", "proof": _proof(place, "altered", state)})
    except Exception as error:
        raise store_failed("customer_keys", error) from error
    return readable.model_copy(update={"closed": None, "opened": _opened(app, content)})


def _opened(app: App, content: Mapping[str, Any]) -> OpenedDecision:
    decided, record = content["answer"], content["record"] or {}
    tasks = {name: TaskScore.model_validate(score) for name, score in decided["tasks"].items()}
    delivered = [Recommendation.model_validate(one) for one in decided["recommendations"]]
    withheld = [Recommendation.model_validate(one) for one in content.get("withheld") or []]
    return OpenedDecision(
        request=content["request"],
        features=record.get("features") or {},
        features_as_of=record.get("as_of"),
        features_missing=decided.get("features_missing") or [],
        profile=record.get("profile"),
        contacts=content.get("contacts"),
        risk_cap=content.get("risk_cap") or {},
        ranking=content.get("ranking") or [],
        recommendations=delivered,
        withheld=withheld,
        reviews=decided.get("reviews") or [],
        review_rules=content.get("review_rules") or {},
        dropped=decided["dropped"],
        tasks=tasks,
        oversight=decided.get("oversight") or [],
        judged=[_judged(one) for one in content.get("judged") or []],  # type: ignore[misc]
        teacher=content.get("teacher") or {},
        given=content.get("given") or {},
        recomputed=recompute(app, content, tasks, [*delivered, *withheld]),
    )


def _judged(stored: Mapping[str, Any]) -> dict[str, Any]:
    texts = [
        {"reason": one["reason"], "passed": one["verdict"]["passed"], "findings": one["verdict"]["findings"]}
        for one in stored["texts"]
    ]
    return {"product_id": stored["product_id"], "texts": texts}


def _proof(place: Place, entry: str, state: AuditState) -> DecisionProof:
    chain, note = _chain(place, state)
    log = state.log
    covering = log.last_checkpoint if log is not None else None
    # What was altered is not what a checkpoint covers, whenever it was made.
    covered = entry == "holds" and covering is not None and _time(place.at) < _time(covering.at)
    return DecisionProof.model_validate(
        {
            "audit": AuditRef(writer=place.writer, seq=place.seq, mac=place.mac),
            "at": place.at,
            "key_id": place.key_id,
            "entry": entry,
            "chain": chain,
            "chain_note": note,
            "verified_at": log.at if log is not None else None,
            "checkpoint": covering.number if covering is not None and covered else None,
        }
    )


def _chain(place: Place, state: AuditState) -> tuple[str, str]:
    if state.log is None:
        return "unknown", state.why or ""
    bad = next((one for one in state.log.bad if one.writer == place.writer), None)
    if bad is not None and _reaches(bad, place.seq):
        return "damaged", f"entry {bad.seq}: {bad.problem}: {bad.detail}"
    if _time(place.at) >= _time(state.log.at):
        return "later", "the entry is newer than the last verification"
    return "clean", f"{state.log.entries} entries of {state.log.writers} writers were verified"


def _reaches(bad: BadPlace, seq: int) -> bool:
    """Whether damage at ``bad`` leaves an entry ``seq`` of the same writer in doubt."""
    return not isinstance(bad.seq, int) or bad.seq <= seq


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
