"""One bank for each file of these tests; each test opens a browser of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from console_bank import Bank, Browser, open_bank


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with open_bank(tmp_path_factory.mktemp("bank")) as found:
        yield found


@pytest.fixture
def browser(bank: Bank) -> Browser:
    return bank.browser()
