"""Keep a report: as canonical JSON and as a page, recorded in the audit log, told to people; once per period."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from agents.evidence import WatchSettings
from understudy.atomic import canonical_json
from understudy.audit import AuditLog, open_keyring
from understudy.contracts.watch import AuditReport, OpsReport
from understudy.objects import Objects, open_objects
from understudy.stores import open_store

__all__ = ["Kept", "keep", "publish", "stored"]


class Kept(NamedTuple):
    """``new``: this run made the report; else an earlier run of the same period and inputs had made it already."""

    name: str
    sha256: str
    new: bool


def stored(settings: WatchSettings, name: str) -> bytes | None:
    """The stored report ``name`` (without its ending), or None."""
    found = open_objects(settings.understudy_reports).read(f"{name}.json")
    return None if found is None else found.data


def keep(settings: WatchSettings, name: str, report: OpsReport | AuditReport, page: str, *, agent: str) -> Kept:
    """Write ``<name>.json`` and ``<name>.html``, and append an entry about the run; the entry comes first.

    A run of the same period whose inputs are the same changes nothing and appends nothing.

    Raises:
        StoreError, AuditError: the entry could not be written; then nothing was.
        UserError: the place of the reports cannot be reached.
    """
    objects = open_objects(settings.understudy_reports)
    earlier = _earlier(objects, name, report.input_sha256)
    if earlier is not None:
        return Kept(name, earlier, False)
    data = canonical_json(report.model_dump(mode="json"))
    digest = hashlib.sha256(data).hexdigest()
    _record(settings, agent, name, report, digest)
    objects.write(f"{name}.html", page.encode())
    objects.write(f"{name}.json", data)
    return Kept(name, digest, True)


def publish(topic: str | None, messages: Sequence[tuple[str, str, str]]) -> int:
    """Send (severity, subject, text) to an SNS topic; how many were sent (without a topic none is).

    The severity is an attribute of the message, so that subscriptions can filter by it.
    """
    if topic is None or not messages:
        return 0
    import boto3

    client = boto3.client("sns", region_name=topic.split(":")[3])
    for severity, subject, text in messages:
        client.publish(
            TopicArn=topic,
            Subject=_subject(subject),
            Message=text,
            MessageAttributes={"severity": {"DataType": "String", "StringValue": severity}},
        )
    return len(messages)


def _subject(text: str) -> str:
    """SNS takes up to 100 printable ASCII characters."""
    return "".join(c if 32 <= ord(c) < 127 else "?" for c in text)[:97] + ("..." if len(text) > 97 else "")


def _earlier(objects: Objects, name: str, inputs: str) -> str | None:
    found = objects.read(f"{name}.json")
    if found is None or f'"input_sha256":"{inputs}"'.encode() not in found.data:
        return None
    return hashlib.sha256(found.data).hexdigest()


def _record(settings: WatchSettings, agent: str, name: str, report: OpsReport | AuditReport, digest: str) -> None:
    level = report.colour if isinstance(report, OpsReport) else report.risk
    payload: dict[str, Any] = {
        "operation": "report",
        "agent": agent,
        "report": name,
        "sha256": digest,
        "inputs": report.input_sha256,
        "level": level,
    }
    with closing(open_store(settings.understudy_store)) as store:
        AuditLog(store, open_keyring(settings.understudy_audit_keys), agent).append("operation", payload)
