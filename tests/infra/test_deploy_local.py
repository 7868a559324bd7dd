"""The product, deployed to an emulated cloud with the CDK command, used there, rolled back and taken down."""

from __future__ import annotations

import shutil
from pathlib import Path

import deploy_local
import pytest

from infra.emulator.cloud import EmulatedCloud


def test_the_deployed_artefact_serves_a_recommendation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("flask_cors", reason="MOTO'S SERVER IS NOT INSTALLED: nothing was deployed")
    if shutil.which("npx") is None:
        pytest.skip("NODE IS NOT ON THIS MACHINE: nothing was deployed, and the deployed artefact was not run")
    lines: list[str] = []
    with EmulatedCloud(tmp_path) as cloud:
        walk = deploy_local.Walk(cloud, tmp_path, lines.append)
        walk.run()
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert len(walk.usage) == 7
    assert "destroyed what answers" in lines[-1]
