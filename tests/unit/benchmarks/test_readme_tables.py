"""Every table of results in README.md and docs/ is what the scripts make of the committed figures."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    known = set(sys.modules)
    yield importlib.import_module("publish")
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__file__", None) and "benchmarks" in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_the_pages_show_the_committed_figures(publish: Any) -> None:
    assert ROOT / "README.md" in publish.pages()
    stale = [path.name for path in publish.pages() if publish.renewed(path) != path.read_text(encoding="utf-8")]
    assert stale == [], "run python benchmarks/publish.py"


def test_a_figure_typed_by_hand_is_found(publish: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "README.md"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    cell = next(line for line in text.splitlines() if line.startswith("| census-income |"))
    page.write_text(text.replace(cell, cell.replace("| 0 |", "| 1 |")), encoding="utf-8")
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    assert page.read_text(encoding="utf-8") != text
    assert publish.main(["--check"]) == 1
    assert publish.main([]) == 0
    assert page.read_text(encoding="utf-8") == text


def test_a_table_without_its_end_is_refused(publish: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("<!-- table real_data -->\n", encoding="utf-8")
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="lacks its begin or its end"):
        publish.main(["--check"])
