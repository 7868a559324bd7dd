"""The same small bank as the report's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parent.parent / "distill_report" / "conftest.py"
_spec = importlib.util.spec_from_file_location("toy_bank", _path)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["toy_bank"] = _module
_spec.loader.exec_module(_module)

sample = _module.sample
