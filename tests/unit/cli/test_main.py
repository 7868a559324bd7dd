"""Errors reach people without a traceback, with an exit code an orchestrator can act on."""

from __future__ import annotations

import subprocess
import sys

import pytest


def understudy(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from understudy.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("data", "check", "no-such-dataset"), "no-such-dataset"),
        (("data", "check", "missing/spec.toml"), "missing/spec.toml"),
        (("bundle", "verify", "no-bundle-here"), "no-bundle-here"),
        (("serve", "--run", "no-run-here"), "no-run-here"),
        (("audit", "fsck"), "--run"),
        (("audit", "fsck", "--run", "no-run-here"), "no-run-here"),
        (("recommend", "c1", "--url", "http://127.0.0.1:9"), "understudy serve"),
    ],
)
def test_a_mistake_is_explained(arguments: tuple[str, ...], says: str) -> None:
    done = understudy(*arguments)
    assert done.returncode in (2, 5)
    assert says in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_unknown_options_are_refused() -> None:
    done = understudy("run", "--no-such-option")
    assert done.returncode == 2
    assert "no-such-option" in done.stderr
