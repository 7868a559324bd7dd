"""Decisions are looked into on both stores; the reports of a month are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import watch_reports
from overseers import ADMINS


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watch_reports.write(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def function(make_function: Any, month: Path) -> Any:
    return make_function(understudy_admins=ADMINS, understudy_reports=f"file://{month}")
