"""``understudy data``: a leak ends with exit code 4 and its evidence, a fetch without network with 5."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SPEC = """
schema_version = 1
name = "toy"
title = "Toy"
base = "people"
key = "id"
catalog = "catalog.toml"
[[sources]]
name = "people"
path = "./people.csv"
[[groups]]
name = "person"
numeric = ["age", "balance"{planted}]
[[tasks]]
name = "churn"
type = "binary"
label = "churned"
[protected]
sex = "sex"
"""
CATALOG = """
schema_version = 1
[families]
cards = { ko = "카드", en = "Cards" }
[[products]]
id = "card"
name = { ko = "카드", en = "Card" }
family = "cards"
type = "card"
risk_level = 1
seller = { ko = "은행", en = "Bank" }
drivers = [{ task = "churn", weight = 1.0 }]
"""


def understudy(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from understudy.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = ["id,age,balance,sex,churned,closed"]
    for index in range(400):
        churned = int(rng.random() < 0.3)
        rows.append(f"C{index},{rng.integers(18, 90)},{rng.normal():.3f},{'fm'[index % 2]},{churned},{7 - 3 * churned}")
    (tmp_path / "people.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "catalog.toml").write_text(CATALOG)
    return tmp_path


def test_a_leak_is_shown_with_its_way_out(folder: Path) -> None:
    (folder / "spec.toml").write_text(SPEC.replace("{planted}", ', "closed"'))
    done = understudy("data", "check", str(folder / "spec.toml"), "--out", str(folder / "run"))
    assert done.returncode == 4
    shown = " ".join(done.stdout.replace("│", " ").split())
    assert "refused" in shown
    assert "single_feature closed" in shown
    assert "Take the column out" in shown
    assert "Traceback" not in done.stderr
    evidence = json.loads((folder / "run" / "data.leakage.json").read_text())
    assert evidence["passed"] is False
    assert not (folder / "run" / "data").exists()


def test_a_clean_set_is_profiled_on_the_terminal_and_as_a_page(folder: Path) -> None:
    text = SPEC.replace("{planted}", "").replace('key = "id"', 'key = "id"\nignore = ["closed"]')
    (folder / "spec.toml").write_text(text)
    done = understudy("data", "check", str(folder / "spec.toml"), "--out", str(folder / "run"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"train +2\d\d rows", done.stdout)
    assert "protected sex: f 200, m 200" in done.stdout
    page = (folder / "run" / "data" / "profile.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "balance" in page
    assert not re.search(r"<script|https?://|src=|@import", page)  # self-contained
    assert all("aria-label" in svg for svg in re.findall(r"<svg[^>]*>", page))
    assert page.count("<h1") == 1
    assert 'lang="en"' in page


def test_fetching_without_network_says_which_file_to_put_where(tmp_path: Path) -> None:
    # A proxy where nobody listens stands for a machine without network, whatever machine this is.
    done = understudy(
        "data", "fetch", "census-income", "--to", str(tmp_path), https_proxy="http://127.0.0.1:9", no_proxy=""
    )
    assert done.returncode == 5
    said = " ".join(done.stderr.split())
    assert "Put census-income.test.gz into" in said
    assert "3,261,416 bytes, sha256 5ac4cacd" in said
    assert "Traceback" not in done.stderr


def test_fetching_needs_a_folder() -> None:
    done = understudy("data", "fetch", "census-income", UNDERSTUDY_DATA="")
    assert done.returncode == 2
    assert "--to FOLDER" in done.stderr
