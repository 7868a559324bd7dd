"""A function whose surroundings fail on demand, and the promises that no failure may break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import Keyring, fsck, open_keyring
from understudy.contracts.api import RecommendationResponse
from understudy.stores import open_store


class Surroundings:
    """The handler, its store file, its keys and its bundle, each of which a test may spoil.

    Every answer is kept, so that at the end `check` can hold the promises against all of them.
    """

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder = folder
        self.database = folder / "store.sqlite"
        self.keys = folder / "keys.json"
        Keyring.create(self.keys)
        self.store = open_store(f"sqlite://{self.database}")
        self.store.put_records([tiny_bundle.customer(), tiny_bundle.customer("c-2")])
        self.bundle = bundle
        self.app = self.start()
        self.answers: list[RecommendationResponse] = []
        self.statuses: list[int] = []

    def start(self) -> App:
        """A new environment, as after a restart."""
        self.app = App(
            Settings(
                understudy_bundle=str(self.bundle),
                understudy_store=f"sqlite://{self.database}",
                understudy_audit_keys=f"file://{self.keys}",
            )
        )
        return self.app

    def ask(self, method: str, path: str, body: Any = None, context: Any = None) -> tuple[int, Any]:
        response = entry.handler(tiny_bundle.event(method, path, body), context)
        self.statuses.append(response["statusCode"])
        assert "Traceback" not in json.dumps(response)
        return response["statusCode"], json.loads(response.get("body") or "null")

    def recommend(self, customer: str = "c-1", context: Any = None) -> tuple[int, Any]:
        status, body = self.ask("POST", "/v1/recommendations", {"customer_id": customer}, context)
        if status == 200:
            self.answers.append(RecommendationResponse.model_validate(body))
        else:
            assert "recommendations" not in body, "an answer without its entry"
        return status, body

    def layers(self, customer: str = "c-1", context: Any = None) -> set[str]:
        status, body = self.recommend(customer, context)
        assert status == 200
        return {task["layer"] for task in body["tasks"].values()}

    def entries(self) -> list[Any]:
        return [json.loads(row[3]) for row in self.store.entries()]

    def check(self) -> None:
        """No 5xx but 503; every answer has the entry that it names; no chain is broken."""
        assert {status for status in self.statuses if status >= 500} <= {503}
        macs = {(e["writer"], e["seq"]): e["mac"] for e in self.entries()}
        for answer in self.answers:
            assert macs[(answer.audit.writer, answer.audit.seq)] == answer.audit.mac
        report = fsck(self.store, open_keyring(f"file://{self.keys}"))
        assert report.verdict in ("clean", "empty"), report


Spoil = Callable[..., Surroundings]


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    made = Surroundings(tmp_path, tiny_bundle.write(tmp_path / "bundle"))
    monkeypatch.setattr(entry, "application", lambda: made.app)
    yield made
    made.check()
    made.store.close()


class Remaining:
    """A Lambda context with this much time left."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def remaining() -> type[Remaining]:
    return Remaining
