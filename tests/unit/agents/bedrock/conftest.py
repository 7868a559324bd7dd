"""A fake Bedrock on loopback, and models that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from agents.bedrock import Allowance, BedrockModel, Budget, CallRecord, CircuitBreaker, ModelConfig
from agents.bedrock.converse import BotoConverse
from understudy.local.fake_bedrock import FakeBedrock
from understudy.stores import ServingStore, open_store

PRICES = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 5.0, "priced_on": "2026-11-21"}


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBedrock]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FakeBedrock() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", fake.url)
        yield fake


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[ServingStore]:
    store = open_store(f"sqlite://{tmp_path / 'ledger.sqlite'}")
    yield store
    store.close()


def quick_client(timeout: float) -> Any:
    """Two attempts as in production, without the second that standard mode may wait between them."""
    config = Config(read_timeout=min(timeout, 2.0), retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("bedrock-runtime", config=config)


MakeModel = Callable[..., BedrockModel]


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


@pytest.fixture
def model(bedrock: FakeBedrock, ledger: ServingStore, calls: list[CallRecord]) -> MakeModel:
    def make(mode: str = "native", *, tokens: int = 10_000_000, micro_usd: int = 10_000_000, **options: Any) -> Any:
        config = ModelConfig(id="test.model-v1:0", output_mode=mode, **PRICES | options.pop("config", {}))
        budget = Budget(ledger, Allowance(purpose="reasons", tokens=tokens, micro_usd=micro_usd))
        breaker = options.pop("breaker", None) or CircuitBreaker(threshold=100)
        return BedrockModel(
            config, BotoConverse(quick_client), budget, breaker=breaker, on_call=calls.append, **options
        )

    return make
