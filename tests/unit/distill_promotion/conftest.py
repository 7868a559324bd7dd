"""The troupe of the batch job's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parent.parent / "distill_job" / "conftest.py"
_spec = importlib.util.spec_from_file_location("job_troupe", _path)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["job_troupe"] = _module
_spec.loader.exec_module(_module)

company = _module.company
troupe = _module.troupe
