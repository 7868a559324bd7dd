"""Every table row of results in the README is what the script prints from the committed figures."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_readme_shows_the_committed_figures() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location("real_data_for_readme", ROOT / "benchmarks" / "real_data.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    results = json.loads((ROOT / "benchmarks" / "results" / "real_data.json").read_text())
    readme = (ROOT / "README.md").read_text()
    assert results
    for run in results.values():
        for line in [*script.table([run]), *script.footer([run])]:
            assert line in readme
