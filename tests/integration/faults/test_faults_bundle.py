"""A bundle that is damaged is refused by name; one that lacks a student serves with the next layer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

FILES = ["models/signups.distilled.txt", "catalog.json", "rules.json", "glossary.json", "templates.json", "report.html"]


def _rights_still_answer(around: Any) -> None:
    assert around.ask("GET", "/v1/customers/c-1/preferences")[0] == 200
    assert around.ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 200


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
def test_a_damaged_file_is_named_and_nothing_is_decided(around: Any, name: str, damage: str) -> None:
    path: Path = around.bundle / name
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[:-7])
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    around.start()
    status, problem = around.recommend()
    assert status == 503
    assert name in problem["detail"]
    status, health = around.ask("GET", "/v1/health")
    assert (status, health["status"]) == (503, "degraded")
    assert around.ask("POST", "/v1/recommendations/batch", {"items": [{"customer_id": "c-1"}]})[0] == 503
    _rights_still_answer(around)


@pytest.mark.parametrize("damage", ["hash", "not json", "missing", "empty folder", "version"])
def test_a_manifest_that_vouches_for_nothing_is_refused(around: Any, damage: str) -> None:
    path: Path = around.bundle / "manifest.json"
    manifest = json.loads(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "empty folder":
        shutil.rmtree(around.bundle)
        around.bundle.mkdir()
    elif damage == "not json":
        path.write_bytes(b"{")
    else:
        if damage == "hash":
            manifest["files"]["catalog.json"]["sha256"] = "0" * 64
        else:
            manifest["model_version"] = "tiny-000000000000"
        path.write_text(json.dumps(manifest))
    around.start()
    assert around.recommend()[0] == 503
    assert around.ask("GET", "/v1/health")[0] == 503
    _rights_still_answer(around)


def test_a_student_that_cannot_be_loaded_is_replaced_by_the_next_layer(around: Any) -> None:
    lost = {"models/leaving.distilled.txt": b"tree\n", "models/signups.distilled.txt": b""}
    shutil.rmtree(around.bundle)
    tiny_bundle.write(around.bundle, tiny_bundle.files(**lost))
    around.start()
    status, answer = around.recommend()
    assert status == 200
    assert {answer["tasks"][task]["layer"] for task in ("leaving", "signups")} == {"direct"}
    assert answer["tasks"]["leaving"]["steps"]
    assert around.ask("GET", "/v1/health")[1]["status"] == "degraded"


def test_a_damaged_understudy_never_speaks(around: Any) -> None:
    shutil.rmtree(around.bundle)
    tiny_bundle.write(around.bundle, tiny_bundle.files(**{"models/signups.distilled.txt": b"tree\n"}))
    path: Path = around.bundle / "models/signups.direct.txt"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    around.start()
    status, answer = around.recommend()
    assert status == 200
    assert answer["tasks"]["signups"]["layer"] == "rules"
    assert "sha256" in answer["tasks"]["signups"]["steps"][1]
    status, health = around.ask("GET", "/v1/health")
    assert health["status"] == "degraded"
    assert any("models/signups.direct.txt" in problem for problem in health["problems"])


def test_without_any_student_the_rules_serve(around: Any) -> None:
    shutil.rmtree(around.bundle)
    tiny_bundle.write(around.bundle, tiny_bundle.files(**dict.fromkeys(tiny_bundle.models(), b"tree\n")))
    around.start()
    assert around.layers() == {"rules"}
