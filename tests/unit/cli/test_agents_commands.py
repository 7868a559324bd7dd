"""`understudy agents`: ahead of requests, and from the queue, against a fake Bedrock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from typer.testing import CliRunner

from understudy.cli import population
from understudy.cli.app import app
from understudy.cli.language_model import DEFAULT_MODEL, jobs_url
from understudy.cli.serving import ServePaths
from understudy.contracts.sentences import SentenceKey
from understudy.local.fake_bedrock import FakeBedrock
from understudy.queues import open_queue
from understudy.stores import open_store


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBedrock]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FakeBedrock() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", fake.url)
        yield fake


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_bundle.write(tmp_path / "bundle")
    people = [tiny_bundle.customer(f"c-{n}") for n in range(3)]
    monkeypatch.setattr(population, "records_of_run", lambda run, customers: iter(people[:customers]))
    return tmp_path


def agents(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["agents", *arguments])


def test_warm_up_writes_what_is_asked_for_most_and_only_once(run: Path, bedrock: FakeBedrock) -> None:
    first = agents("warm-up", "--run", str(run), "--locales", "en")
    assert first.exit_code == 0, first.output
    written = len(bedrock.received)
    assert written > 0
    assert f"written: {written}." in first.output
    assert "100.0%" in first.output
    second = agents("warm-up", "--run", str(run), "--locales", "en")
    assert f"known: {written}." in second.output
    assert len(bedrock.received) == written


def test_warm_up_keeps_to_its_number_and_its_budget(run: Path, bedrock: FakeBedrock) -> None:
    assert "written: 1." in agents("warm-up", "--run", str(run), "--top", "1").output
    poor = agents("warm-up", "--run", str(run), "--usd", "0")
    assert "budget: 1" in poor.output
    assert "100.0% is used" in poor.output
    assert len(bedrock.received) == 1


def test_an_outage_ends_a_warm_up(run: Path, bedrock: FakeBedrock) -> None:
    bedrock.mode = "throttling"
    assert "unavailable: 1." in agents("warm-up", "--run", str(run)).output


def test_work_empties_the_queue(run: Path, bedrock: FakeBedrock) -> None:
    paths = ServePaths(run)
    paths.prepare()
    key = SentenceKey(
        signature="overseas+few",
        product="saver",
        locale="en",
        channel="app",
        prompt="reason_sentence@1",
        model=DEFAULT_MODEL,
    )
    open_queue(jobs_url(paths)).send([key.model_dump_json(), "nonsense"])
    done = agents("work", "--run", str(run))
    assert "dropped: 1, written: 1." in done.output
    store = open_store(paths.store)
    assert store.read_sentences([key.id])[key.id].status == "ready"
    store.close()
    assert "No job waits." in agents("work", "--run", str(run)).output


@pytest.mark.parametrize(
    "arguments",
    [("warm-up", "--locales", "fr"), ("warm-up", "--channels", "pigeon"), ("work", "--model", "acme.model")],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], run: Path, bedrock: FakeBedrock) -> None:
    paths = ServePaths(run)
    paths.prepare()
    fields = {"signature": "overseas+few", "product": "saver", "locale": "en", "channel": "app"}
    open_queue(jobs_url(paths)).send([json.dumps(fields | {"prompt": "reason_sentence@1", "model": "acme.model"})])
    assert agents(*arguments, "--run", str(run)).exit_code != 0


def test_without_a_bundle_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert agents("work", "--run", str(tmp_path)).exit_code != 0
