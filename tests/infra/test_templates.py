"""The templates as text: the linter has nothing to say, and a change of one is a change that somebody looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
STACKS = ("agents", "audit", "monitoring", "serving", "stateful", "watch")
# The CDK adds these dependencies itself, beside the reference that already makes them.
ACCEPTED = ("W3005",)
UPDATE = "UNDERSTUDY_UPDATE_SNAPSHOTS"


def test_the_linter_has_nothing_to_say(spoken: Any, prod: Any) -> None:
    command = shutil.which("cfn-lint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if command is None:
        pytest.skip("CFN-LINT IS NOT INSTALLED: the templates were not linted")
    templates = [str(path) for stage in (spoken, prod) for path in sorted(stage.folder.glob("*.template.json"))]
    assert len(templates) == 11
    regions = ["-r", "ap-northeast-2", "us-east-1"]
    done = subprocess.run(
        [command, *regions, "--ignore-checks", *ACCEPTED, "--format", "parseable", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_would_find_a_mistake(spoken: Any, tmp_path: Path) -> None:
    if shutil.which("cfn-lint") is None:
        pytest.skip("CFN-LINT IS NOT INSTALLED: the templates were not linted")
    template = json.loads(json.dumps(spoken.templates["audit"]))
    rule = next(one for one in template["Resources"].values() if one["Type"] == "AWS::Events::Rule")
    rule["Properties"]["State"] = "SOMETIMES"
    (tmp_path / "bad.json").write_text(json.dumps(template))
    done = subprocess.run(["cfn-lint", str(tmp_path / "bad.json")], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SOMETIMES" in done.stdout


def test_the_linter_names_what_a_region_lacks(prod: Any) -> None:
    if shutil.which("cfn-lint") is None:
        pytest.skip("CFN-LINT IS NOT INSTALLED: the templates were not linted")
    template = prod.folder / "understudy-prod-serving.template.json"
    done = subprocess.run(
        ["cfn-lint", "-r", "us-iso-east-1", "--format", "parseable", "--", str(template)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert re.search("'SnapStart' enabled.*us-iso-east-1", done.stdout), done.stdout


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_is_the_one_that_somebody_looked_at(spoken: Any, stack: str) -> None:
    text = masked(spoken.templates[stack])
    snapshot = SNAPSHOTS / f"{stack}.json"
    if os.environ.get(UPDATE):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8"), f"if that is meant: {UPDATE}=1 pytest {__file__}, and look"


def masked(template: dict[str, Any]) -> str:
    """The template with hashes of the code masked: they change with every change of the package."""
    text = json.dumps(template, indent=1, sort_keys=True, ensure_ascii=False)
    text = re.sub(r"[0-9a-f]{64}", "<asset>", text)
    return re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1<version>", text) + "\n"
