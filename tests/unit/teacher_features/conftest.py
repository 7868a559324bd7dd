"""The toy bank of events, in one part per table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy_events import toy_bank, write


@pytest.fixture(scope="session")
def bank() -> dict[str, list[dict[str, Any]]]:
    return toy_bank()


@pytest.fixture(scope="session")
def sources(bank: dict[str, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write(bank, tmp_path_factory.mktemp("toy"))
