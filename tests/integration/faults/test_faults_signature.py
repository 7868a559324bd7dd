"""Where a public key is set, the function serves only what its holder signed; rights answer all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_app.app import App
from understudy.audit.signing import create_signing_key, open_signer
from understudy.bundle_signature import sign_manifest


@pytest.fixture
def key(tmp_path: Path) -> Path:
    create_signing_key(tmp_path / "ours.pem")
    return tmp_path / "ours.pem"


def sign(around: Any, key: Path) -> None:
    manifest = (around.bundle / "manifest.json").read_bytes()
    (around.bundle / "signature.json").write_bytes(sign_manifest(manifest, open_signer(f"file://{key}")))


def start(around: Any, public: str) -> None:
    around.app = App(around.app.settings.model_copy(update={"understudy_bundle_public_key": public}))


def test_a_signed_bundle_is_served(around: Any, key: Path) -> None:
    sign(around, key)
    start(around, f"{key}.pub")
    assert around.layers() >= {"distilled", "direct"}


@pytest.mark.parametrize("spoil", ["unsigned", "another key", "another manifest", "no signature at all", "too long"])
def test_a_wrong_signature_is_named_and_nothing_is_decided(around: Any, key: Path, tmp_path: Path, spoil: str) -> None:
    sign(around, key)
    path: Path = around.bundle / "signature.json"
    if spoil == "unsigned":
        path.unlink()
    elif spoil == "another key":
        create_signing_key(tmp_path / "theirs.pem")
        sign(around, tmp_path / "theirs.pem")
    elif spoil == "another manifest":
        manifest = around.bundle / "manifest.json"
        path.write_bytes(sign_manifest(manifest.read_bytes() + b" ", open_signer(f"file://{key}")))
    elif spoil == "no signature at all":
        path.write_bytes(b"{}")
    else:
        path.write_bytes(b" " * 5000)
    start(around, f"{key}.pub")
    status, problem = around.recommend()
    assert status == 503
    assert "signature.json" in problem["detail"]
    assert around.ask("GET", "/v1/customers/c-1/preferences")[0] == 200


def test_a_key_that_is_none_stops_the_start_and_not_the_rights(around: Any, tmp_path: Path) -> None:
    start(around, str(tmp_path / "nowhere.pub"))
    assert around.recommend()[0] == 503
    assert around.ask("GET", "/v1/customers/c-1/preferences")[0] == 200
