"""The small bank of the students' tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parent.parent / "distill_core" / "conftest.py"
_spec = importlib.util.spec_from_file_location("core_bank", _path)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["core_bank"] = _module
_spec.loader.exec_module(_module)

bank = _module.bank
config = _module.config
