"""Everything here holds on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud_tables import dynamodb_url
from overseers import ADMINS


@pytest.fixture(params=["sqlite", "dynamodb"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'store.sqlite'}"
        return
    with dynamodb_url() as url:
        yield url


@pytest.fixture
def function(make_function: Any) -> Any:
    return make_function(understudy_admins=ADMINS)
