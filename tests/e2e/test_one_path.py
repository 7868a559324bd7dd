"""The whole path on a small generated bank: from rows to an answered, explained, audited recommendation."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distill.pipeline import Pipeline
from understudy.contracts.api import RecommendationResponse
from understudy.progress import Silent

CUSTOMERS = 1500  # as many as `walked` has
ARGUMENTS = ["--dataset", "finsynth", "--customers", str(CUSTOMERS), "--folds", "2", "--preset", "quick"]


def test_the_answer_recommends_and_explains(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    _, answer, printed = walked
    assert answer.recommendations
    assert set(answer.tasks) == {task.name for task in walked[0].manifest.tasks}
    assert answer.recommendations[0].name in printed


def test_every_score_can_be_recomputed_from_the_answer(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    pipeline, answer, _ = walked
    products = {product.id: product for product in pipeline.dataset.catalog.products}
    for item in answer.recommendations:
        drivers = products[item.product_id].drivers
        total = 0.0
        for driver in drivers:
            task = answer.tasks[driver.task]
            value = (task.classes or {})[driver.class_name] if driver.class_name else task.value
            assert value is not None
            total += driver.weight * ((1 - value) if driver.complement else value)
        assert item.score == pytest.approx(total / sum(driver.weight for driver in drivers), abs=1e-12)


def test_the_served_score_is_the_students_own(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    """The value in the answer equals what the offline student predicts for that customer's row."""
    pipeline, answer, printed = walked
    customer = printed.split("Customer  ")[1].split()[0]
    dataset = pipeline.dataset
    row = max(position for position, name in enumerate(dataset.customer_ids.tolist()) if name == customer)
    checked = 0
    for name, score in answer.tasks.items():
        if score.layer == "rules":
            continue
        student = getattr(pipeline.students[name], score.layer)
        expected = student.predict(dataset.features[row : row + 1])[0]
        if score.classes is not None:
            assert list(score.classes.values()) == pytest.approx(expected.tolist(), abs=1e-9)
        else:
            assert score.value == pytest.approx(float(expected), abs=1e-9)
        checked += 1
    assert checked > 0, "no task was served by a student"


def test_no_row_of_the_test_split_was_seen(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    dataset = walked[0].dataset
    ids = {split: set(dataset.row_ids[dataset.rows(split)].tolist()) for split in ("train", "valid", "test")}  # type: ignore[arg-type]
    people = {split: set(dataset.customer_ids[dataset.rows(split)].tolist()) for split in ("train", "valid", "test")}  # type: ignore[arg-type]
    for left, right in (("train", "test"), ("valid", "test"), ("train", "valid")):
        assert not ids[left] & ids[right]
        assert not people[left] & people[right]


def test_the_log_holds_the_answer_and_shows_an_edit(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    import sqlite3

    from understudy.audit import fsck, open_keyring
    from understudy.cli.serving import ServePaths
    from understudy.stores import open_store

    pipeline, answer, printed = walked
    paths = ServePaths(pipeline.root)
    keyring = open_keyring(paths.keys)
    assert fsck(open_store(paths.store), keyring).verdict == "clean"
    assert answer.audit.mac[:16] in printed
    copy = pipeline.root / "tampered.sqlite"
    source = sqlite3.connect(pipeline.root / "serve" / "store.sqlite")
    source.execute("VACUUM INTO ?", (str(copy),))
    source.close()
    database = sqlite3.connect(copy)
    triggers = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for trigger in triggers:  # somebody with access to the file is not stopped by them
        database.execute(f"DROP TRIGGER {trigger}")
    table = next(
        name
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%body%' AND name LIKE '%entr%'")
    )
    database.execute(f"UPDATE {table} SET body = replace(body, 'model_version', 'model_versiom') WHERE seq = 2")
    database.commit()
    database.close()
    report = fsck(open_store(f"sqlite:///{copy}"), keyring)
    assert report.verdict == "damaged"
    assert [(bad.seq, bad.problem) for bad in report.bad] == [(2, "edited")]


def understudy(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from understudy.cli import main; main()", *arguments]


# What exists on disk once a stage has begun: the moment at which the run is killed.
MOMENTS = ("data", "soft/fold1", "gates")


def test_a_killed_run_resumes_to_the_same_bytes(
    walked: tuple[Pipeline, RecommendationResponse, str], tmp_path: Path
) -> None:
    command = [*understudy("bundle", "build"), *ARGUMENTS, "--on-fidelity-failure", "fallback", "--out", str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for moment in MOMENTS:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        deadline = time.monotonic() + 240
        while not (tmp_path / moment).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "bundle.zip").exists(), "every kill came before the end"
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    ours = hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest()
    assert ours == hashlib.sha256((walked[0].root / "bundle.zip").read_bytes()).hexdigest()


def test_a_finished_run_is_not_made_again(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    pipeline = walked[0]
    record = pipeline.root / "stages" / "data.json"
    before = record.stat().st_mtime_ns
    again = Pipeline(pipeline.config, pipeline.root, None, Silent())
    assert again.run().manifest.model_version == pipeline.manifest.model_version
    assert record.stat().st_mtime_ns == before


def test_a_flipped_byte_is_refused_by_name(
    walked: tuple[Pipeline, RecommendationResponse, str], tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "bundle"
    shutil.copytree(walked[0].root / "bundle", copy)
    victim = next(iter(sorted((copy / "models").glob("*.txt"))))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = subprocess.run(understudy("bundle", "verify", str(copy)), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f"models/{victim.name}" in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_report_numbers_are_the_gates_own(walked: tuple[Pipeline, RecommendationResponse, str]) -> None:
    pipeline = walked[0]
    written = json.loads((pipeline.root / "gates" / "report.json").read_bytes())
    assert written["rows"]["test"] == len(pipeline.dataset.rows("test"))
    html = (pipeline.root / "report" / "report.html").read_text()
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html
