"""The function pays for nothing that it does not need, and captures nothing that two environments would share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from understudy.audit import Keyring
from understudy.stores import open_store

HEAVY = {"torch", "lightgbm", "numpy", "scipy", "pandas", "sklearn", "duckdb", "pyarrow", "boto3", "rich", "typer"}
EVENTS = Path(__file__).parents[2] / "events"
SCRIPT = """
import json, sys
from lambda_app.handler import application, handler
app = application()
before = {k: getattr(app.backing, k) is None for k in ("_store", "_keyring", "_log")}
status = handler(json.load(open(sys.argv[1])), None)["statusCode"]
print(json.dumps({"status": status, "modules": sorted({m.partition(".")[0] for m in sys.modules}), "late": before}))
"""


@pytest.fixture(scope="module")
def invoked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("light")
    Keyring.create(folder / "keys.json")
    url = f"sqlite://{folder / 'store.sqlite'}"
    store = open_store(url)
    store.put_records([tiny_bundle.customer()])
    store.close()
    environment = os.environ | {
        "UNDERSTUDY_BUNDLE": str(tiny_bundle.write(folder / "bundle.zip")),
        "UNDERSTUDY_STORE": url,
        "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
    }
    command = [sys.executable, "-c", SCRIPT, str(EVENTS / "recommendations.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_real_invocation_imports_nothing_heavy(invoked: Any) -> None:
    assert invoked["status"] == 200
    assert {"lambda_app", "agents", "understudy", "pydantic"} <= set(invoked["modules"])
    assert HEAVY.isdisjoint(invoked["modules"])


def test_a_started_function_holds_no_store_key_or_writer(invoked: Any) -> None:
    assert invoked["late"] == {"_store": True, "_keyring": True, "_log": True}
