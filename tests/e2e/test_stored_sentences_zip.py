"""The built zip, function and worker, with a model beside them: from the first miss to the better words."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from understudy.audit import fsck, open_keyring
from understudy.cli.language_model import DEFAULT_MODEL, language_model
from understudy.cli.serving import ServePaths, build_package, local_function
from understudy.client import UnderstudyClient
from understudy.contracts.api import RecommendationRequest
from understudy.local.fake_bedrock import JudgeMode, Mode
from understudy.progress import Silent
from understudy.stores import open_store


@pytest.fixture(scope="module")
def package() -> Path:
    return build_package(Silent())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    tiny_bundle.write(tmp_path / "bundle")
    paths = ServePaths(tmp_path)
    paths.prepare()
    store = open_store(paths.store)
    store.put_records([tiny_bundle.customer()])
    store.close()
    return tmp_path


def _ask(client: UnderstudyClient, locale: Any) -> list[Any]:
    answer = client.recommend(RecommendationRequest(customer_id="c-1", locale=locale))
    return [one.reason for one in answer.recommendations if one.reason.facts]


@pytest.mark.parametrize(
    ("mode", "judge", "source"),
    [
        ("success", None, "llm"),
        ("hostile", None, "template"),
        ("unavailable", None, "template"),
        ("success", "pass", "llm"),
        ("success", "disagree", "template"),
        ("hostile", "pass", "template"),
    ],
)
def test_words_of_the_model_arrive_only_if_they_are_safe(
    package: Path, run: Path, mode: Mode, judge: JudgeMode | None, source: str
) -> None:
    paths = ServePaths(run)
    judging: Any = {"judge": DEFAULT_MODEL, "fake_judge": judge} if judge else {}
    with (
        language_model(package, run / "bundle", paths, DEFAULT_MODEL, mode, **judging) as also,
        local_function(package, run / "bundle", paths, also=also) as url,
        UnderstudyClient(url) as client,
    ):
        for locale in ("ko", "en"):
            assert {reason.source for reason in _ask(client, locale)} == {"template"}
        deadline = time.monotonic() + 20
        while not _worked(paths) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1.0)
        for locale in ("ko", "en"):
            assert {reason.source for reason in _ask(client, locale)} == {source}
    store = open_store(paths.store)
    assert fsck(store, open_keyring(paths.keys)).exit_code == 0
    judged = [row for row in store.entries() if b'"judge":' in row[3]]
    assert bool(judged) is (judge is not None and mode == "success")
    store.close()


def test_the_zip_holds_the_readers_of_written_words(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    read = """
import sys
from agents.safety_gate.normalise import normalise
from agents.safety_gate.reader import open_reader
from agents.safety_gate.reader.model import reader_folder
print(reader_folder(), *(open_reader(a).read(normalise(b).plain) for a, b in zip(sys.argv[1::2], sys.argv[2::2])))
"""
    texts = ("ko", "누구나 조건 없이 승인됩니다.", "en", "Every customer gets approved, whatever the record.")
    done = subprocess.run(
        [sys.executable, "-S", "-c", read, *texts],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    place, *readings = done.stdout.split()
    assert place.startswith(str(tmp_path))
    assert readings == ["forbidden", "forbidden"]


def _worked(paths: ServePaths) -> bool:
    log = paths.folder / "worker.log"
    return log.exists() and '"event": "sentences"' in log.read_text(errors="replace")
