"""What can be set off: an alarm, a kill switch, a new training run. Each behind a Protocol, for the cloud and here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from understudy.atomic import canonical_json
from understudy.audit import AuditLog
from understudy.contracts.oversight import KillSwitch, KillSwitches, KillSwitchRequest
from understudy.errors import UserError
from understudy.objects import Objects, open_objects
from understudy.stores import ChangeConflictError, Put, ServingStore
from understudy.stores.oversight import SWITCHES

__all__ = [
    "OPERATOR",
    "Alarms",
    "FolderAlarms",
    "KillSwitchSetter",
    "Retraining",
    "SnsAlarms",
    "StoredKillSwitches",
    "open_retraining",
]

OPERATOR = "ops-agent"
ATTEMPTS = 5


class Alarms(Protocol):
    """Tells people."""

    def tell(self, day: str, severity: str, title: str, text: str) -> str:
        """Send it; returns where it went."""


class KillSwitchSetter(Protocol):
    """Stops something from the next request on."""

    def set(self, wanted: KillSwitchRequest, since: str) -> str:
        """Set the switch, audited; returns what was done. A switch that a person has set is left as it is."""


class Retraining(Protocol):
    """Asks for a new model."""

    def ask(self, day: str, reasons: Mapping[str, Any]) -> str:
        """Send the event; returns where it went."""


class SnsAlarms:
    """One message to an SNS topic."""

    def __init__(self, topic: str) -> None:
        import boto3

        self._client = boto3.client("sns")
        self._topic = topic

    def tell(self, day: str, severity: str, title: str, text: str) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        # A subject holds at most 100 characters of printable ASCII.
        subject = f"[{severity}] {title}".encode("ascii", "replace").decode()[:100]
        try:
            self._client.publish(TopicArn=self._topic, Subject=subject, Message=f"{title}\n\n{text}\n\n{day}")
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"the alarm could not be sent: {error}", where=self._topic, exit_code=5) from error
        return self._topic


class FolderAlarms:
    """One JSON document an alarm, where there is nobody to send it to."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def tell(self, day: str, severity: str, title: str, text: str) -> str:
        number = len(self._objects.names(f"alarms/{day}-"))
        name = f"alarms/{day}-{number}.json"
        body = {"day": day, "severity": severity, "title": title, "text": text}
        self._objects.write(name, canonical_json(body))
        return f"{self._objects.url}/{name}"


class StoredKillSwitches:
    """The document that every request reads, changed as the admin route changes it, by the operator ``ops-agent``."""

    def __init__(self, store: ServingStore, log: AuditLog) -> None:
        self._store, self._log = store, log

    def set(self, wanted: KillSwitchRequest, since: str) -> str:
        switch = KillSwitch(**wanted.model_dump(), operator=OPERATOR, since=since)
        for _ in range(ATTEMPTS):
            found = self._store.read_documents([SWITCHES]).get(SWITCHES)
            before = KillSwitches.model_validate_json(found.text).switches if found else []
            standing = next((one for one in before if one.name == switch.name), None)
            if standing is not None:
                return f"{switch.name} was set already, by {standing.operator}"
            after = KillSwitches(switches=sorted([*before, switch], key=lambda one: one.name))
            payload = {"operation": "set_kill_switch", "operator": OPERATOR, "switch": switch.model_dump(mode="json")}
            change = Put(SWITCHES, after.model_dump_json(), found.version if found else 0)
            try:
                self._log.append("operation", payload, [change])
            except ChangeConflictError:
                continue
            return f"{switch.name}: {switch.strategy}"
        raise UserError("somebody else keeps changing the kill switches", fix="Set the switch by hand.", exit_code=5)


class _FolderRetraining:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def ask(self, day: str, reasons: Mapping[str, Any]) -> str:
        name = f"retrain/{day}.json"
        self._objects.write(name, canonical_json({"source": "understudy", "detail-type": "Drift", "detail": reasons}))
        return f"{self._objects.url}/{name}"


class _EventRetraining:
    """EventBridge: the state machine of the deployment starts on source ``understudy``, detail type ``Drift``."""

    def __init__(self, bus: str) -> None:
        import boto3

        self._client = boto3.client("events")
        self._bus = bus

    def ask(self, day: str, reasons: Mapping[str, Any]) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        entry = {
            "Source": "understudy",
            "DetailType": "Drift",
            "Detail": json.dumps({"day": day, **reasons}),
            "EventBusName": self._bus,
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"the event could not be sent: {error}", where=self._bus, exit_code=5) from error
        if answer["FailedEntryCount"]:
            raise UserError(
                f"the event was refused: {answer['Entries'][0].get('ErrorCode')}", where=self._bus, exit_code=5
            )
        return f"events://{self._bus}"


def open_retraining(url: str | None) -> Retraining | None:
    """Who is told at ``events://<bus>``, ``file:///folder`` or ``s3://bucket/prefix``; None: nobody.

    Raises:
        UserError: the URL is none of these.
    """
    if url is None:
        return None
    if url.startswith("events://"):
        return _EventRetraining(url.removeprefix("events://") or "default")
    return _FolderRetraining(open_objects(url))
