"""Every method of the admin client against the real function behind the local HTTP front."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tiny_bundle
import watch_reports

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import Keyring
from understudy.client import AdminClient, ApiError, bearer
from understudy.contracts.api import RecommendationRequest
from understudy.contracts.oversight import KillSwitchRequest, ReviewDecision
from understudy.local.front import Front
from understudy.stores import open_store

SECRET = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("endpoint")
    Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    store.put_records([tiny_bundle.customer("bold", profile={"risk_tolerance": 5})])
    settings = Settings(
        understudy_bundle=str(tiny_bundle.write(folder / "bundle")),
        understudy_store=f"sqlite://{folder / 'store.sqlite'}",
        understudy_audit_keys=f"file://{folder / 'keys.json'}",
        understudy_admin_token=f"kim:{SECRET}",
        understudy_reports=str(watch_reports.write(folder / "reports", first=28)),
    )
    app = App(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry, "application", lambda: app)
        front = Front(lambda event: entry.handler(event, None), 0)
        yield front.url
        front.close()
    store.close()


@pytest.fixture
def client(url: str) -> Iterator[AdminClient]:
    with AdminClient(url, signer=bearer(SECRET)) as found:
        yield found


def test_switches_are_set_read_and_cleared(client: AdminClient) -> None:
    wanted = KillSwitchRequest(scope="task", target="spend", strategy="rules", reason="a drill")
    assert client.set_kill_switch(wanted).switches[0].operator == "kim"
    assert client.kill_switches().switches[0].name == "task:spend"
    assert client.clear_kill_switch("task", "spend", "the drill is over").switches == []


def test_a_review_is_listed_read_and_decided(client: AdminClient) -> None:
    answer = client.recommend(RecommendationRequest(customer_id="bold", top_k=10))
    waiting = next(notice.review_id for notice in answer.reviews if notice.withheld)
    assert waiting in [review.review_id for review in client.reviews(limit=100).reviews]
    assert client.review(waiting).state == "pending"
    decided = client.decide_review(waiting, ReviewDecision(decision="rejected", reason="not for them"))
    assert (decided.state, decided.operator) == ("rejected", "kim")


def test_reports_and_the_state_of_the_log_are_read(client: AdminClient) -> None:
    page = client.reports("ops", limit=2)
    assert page.next is not None
    assert [one.period for one in client.reports("ops", after=page.next).reports] == [watch_reports.day(28)]
    assert client.report("ops", watch_reports.day(28)).ops == watch_reports.ops_report(28)
    assert client.audit_state().log == watch_reports.log_state(30)


def test_a_decision_is_read_with_and_without_the_customer(client: AdminClient) -> None:
    answer = client.recommend(RecommendationRequest(customer_id="bold"))
    assert client.decision(answer.request_id).closed == "unnamed"
    opened = client.decision(answer.request_id, "bold").opened
    assert opened is not None
    assert opened.recomputed.outcome == "same"


def test_a_wrong_token_is_refused(url: str) -> None:
    with AdminClient(url, signer=bearer("not the token")) as stranger, pytest.raises(ApiError) as caught:
        stranger.kill_switches()
    assert caught.value.status == 403
