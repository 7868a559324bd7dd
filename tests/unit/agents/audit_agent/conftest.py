"""A week that is copied for each test, and the Monday on which it is audited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import audited
import pytest

from understudy.clock import turned


@pytest.fixture
def week(tmp_path: Path) -> audited.Week:
    return audited.Week(tmp_path, customers=21)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with turned(lambda: audited.NEXT):
        yield
