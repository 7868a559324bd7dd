"""``understudy console``: which endpoint, which credentials, and a run that is served for the page alone."""

from __future__ import annotations

import json
from pathlib import Path

import packaged
import pytest
import tiny_bundle
import watch_reports

from distill.promotion import Registry
from understudy.cli import console, serving
from understudy.client import AdminClient
from understudy.errors import UserError
from understudy.objects import open_objects
from understudy.stores import open_store

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(serving.ADMIN_TOKEN, raising=False)


@pytest.mark.parametrize(("url", "run"), [(None, None), ("http://127.0.0.1:1", Path("runs/x"))])
def test_exactly_one_endpoint_is_named(url: str | None, run: Path | None) -> None:
    with pytest.raises(UserError, match="which endpoint"):
        console.console_command(url=url, run=run)


def test_without_credentials_nothing_starts() -> None:
    with pytest.raises(UserError, match="no credentials") as caught:
        console._asked("http://127.0.0.1:8080", None)
    assert serving.ADMIN_TOKEN in str(caught.value)


@pytest.mark.parametrize("url", ["http://bank.example", "http://10.0.0.1:8080", "http://127.0.0.1.bank.example"])
def test_the_token_is_not_sent_readable_over_a_network(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(serving.ADMIN_TOKEN, "kim:0123456789abcdef0123")
    with pytest.raises(UserError, match="travel readable"):
        console._asked(url, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:8080", "https://bank.example"])
def test_the_token_signs_and_is_not_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(serving.ADMIN_TOKEN, "kim:0123456789abcdef0123")
    found = console._asked(url, None)
    assert found.signer("GET", url, {}, b"") == {"authorization": "Bearer 0123456789abcdef0123"}
    assert "0123456789abcdef0123" not in found.called
    assert found.called.startswith("kim@")


@pytest.mark.parametrize(
    ("url", "region"),
    [("https://a1b2.execute-api.ap-northeast-2.amazonaws.com", None), ("https://bank.example", "ap-northeast-2")],
)
def test_a_deployed_endpoint_is_asked_with_aws_credentials(
    monkeypatch: pytest.MonkeyPatch, url: str, region: str | None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-key")
    monkeypatch.setenv(serving.ADMIN_TOKEN, "kim:0123456789abcdef0123")
    signed = console._asked(url, region).signer("GET", f"{url}/v1/health", {}, b"")
    assert "/ap-northeast-2/execute-api/aws4_request" in signed["Authorization"]
    assert "0123456789abcdef0123" not in str(signed)


def test_a_run_that_never_served_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to look at"), console._served(tmp_path):
        pass


def test_of_a_simulation_the_champion_of_its_registry_is_served(tmp_path: Path) -> None:
    assert console._bundle(tmp_path) is None
    registry = Registry(open_objects(str(tmp_path / "registry")))
    registry.add("tiny-1", b"a bundle")
    assert console._bundle(tmp_path) is None
    registry.move(registry.standing(), "tiny-1")
    found = console._bundle(tmp_path)
    assert found is not None
    assert found.read_bytes() == b"a bundle"


def test_a_run_is_served_with_its_reports_and_a_token_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged.bundle(tmp_path / "bundle")
    paths = serving.ServePaths(tmp_path)
    paths.prepare()
    store = open_store(paths.store)
    store.put_records([tiny_bundle.customer()])
    store.close()
    watch_reports.write(tmp_path / "reports", first=30)
    monkeypatch.setattr(serving, "build_package", lambda progress: ROOT)
    with console._served(tmp_path) as endpoint, AdminClient(endpoint.url, signer=endpoint.signer) as client:
        assert [one.period for one in client.reports().reports] == [watch_reports.day(30)]
        assert client.kill_switches().switches == []
    assert endpoint.called.endswith(f"@{tmp_path.name}")
    store = open_store(paths.store)
    said = [json.loads(row[3])["payload"]["operation"] for row in store.entries()]
    store.close()
    assert said == ["read_reports", "read_kill_switches"]


def test_a_served_run_has_admin_routes_and_reports_if_its_user_says_who_the_operator_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving.admin_token() == {}
    monkeypatch.setenv(serving.ADMIN_TOKEN, "kim:0123456789abcdef0123")
    paths = serving.ServePaths(tmp_path)
    paths.prepare()
    bundle = packaged.bundle(tmp_path / "bundle")
    watch_reports.write(tmp_path / "reports", first=30)
    with serving.local_function(ROOT, bundle, paths, also=serving.admin_token()) as url:
        endpoint = console._asked(url, None)
        with AdminClient(url, signer=endpoint.signer) as client:
            assert [one.period for one in client.reports().reports] == [watch_reports.day(30)]
