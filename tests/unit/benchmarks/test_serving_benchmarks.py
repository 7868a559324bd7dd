"""The scripts behind the serving figures: what they count, and how they hold it against their bars."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import tiny_bundle

from lambda_app import handler as entry

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(entry, "application", entry.application)  # put back, whatever a script sets


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


class Answering(BaseHTTPRequestHandler):
    """200 to customers, 404 to strangers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(asked).encode() * 1000  # does not fit into one packet
        self.send_response(404 if asked["customer_id"] == "stranger" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_bar_tells_its_share_and_what_is_missed() -> None:
    bars = script("_bars")
    verdicts = [bars.at_most("p50", 1.5, 3.0), bars.at_least("ratio", 1.0, 2.0), bars.at_most("lost", 0, 0)]
    assert [(v["share"], v["passed"]) for v in verdicts] == [(0.5, True), (0.5, False), (None, True)]
    assert not bars.kept(verdicts)
    assert bars.kept(verdicts[:1])
    assert not bars.kept([]), "what was not measured is not passed"
    _, _, *rows = bars.said(verdicts)
    assert rows[0] == "| p50 | 1.50 | at most 3 | 50% | passed |"
    assert rows[1].endswith("| missed |")
    assert rows[2] == "| lost | 0.00 | at most 0 |  | passed |"


def test_contenders_take_turns_and_their_medians_count() -> None:
    timing, called = script("_timing"), []
    found = timing.interleaved({"a": lambda i: called.append(("a", i)), "b": lambda i: called.append(("b", i))},
                               rounds=2, calls=2)  # fmt: skip
    assert [name for name, _ in called[2:]] == ["a", "a", "b", "b", "b", "b", "a", "a"]
    assert found["a"]["low"] <= found["a"]["ms"] <= found["a"]["high"]
    assert timing.ratios({"a": {"ms": 1.0}, "b": {"ms": 4.0}}, "b") == {"a": 0.25, "b": 1.0}
    numbers = [float(n) for n in range(1, 101)]
    assert [timing.percentile(numbers, share) for share in (0.0, 0.005, 0.5, 0.99, 1.0)] == [1, 1, 50, 99, 100]
    assert timing.percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_the_closed_loop_counts_every_answer(port: int) -> None:
    found = script("_closed_loop").ask(port, ["c-1", "c-2"], 3, 0.2)
    assert found["errors"] == 0
    assert len(found["ms"]) >= 3
    assert found["seconds"] >= 0.2
    assert min(found["ms"]) > 0


def test_refusals_are_errors(port: int) -> None:
    found = script("_closed_loop").ask(port, ["stranger"], 2, 0.05)
    assert found["errors"] == len(found["ms"]) > 0


def test_the_processor_time_of_children_counts_wherever_they_went() -> None:
    servers = script("_servers")
    burn = (
        "import time; s = time.process_time()\nwhile time.process_time() - s < 0.3: pass\nprint(1, flush=True); input()"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], start_new_session=True)"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", parent], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "1\n"
        assert len(servers.family(process.pid)) == 2
        assert servers.cpu_seconds(process.pid) >= 0.25
        process.stdin.write("\n")
        process.stdin.close()


def test_a_server_is_started_asked_and_ended(tmp_path: Path) -> None:
    servers = script("_servers")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); import test_serving_benchmarks as t\n"
        "t.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), t.Answering).serve_forever()"
    )
    command = [sys.executable, "-c", code, "{port}", str(Path(__file__).parent)]
    paths = [FOLDER.parent, FOLDER.parent / "tests" / "fixtures"]
    with servers.running({"one": servers.Contender(command, {}, paths)}, tmp_path / "log") as found:
        turn = found["one"].turn(["c-1"], 2, 0.2)
        pid = found["one"].process.pid
        assert (turn.errors, turn.requests) == (0, len(turn.ms))
        assert turn.cpu_seconds >= 0
    assert found["one"].process.poll() is not None
    assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_server_that_ends_is_no_figure(tmp_path: Path) -> None:
    servers = script("_servers")
    gone = servers.Contender([sys.executable, "-c", "raise SystemExit(1)"], {}, [])
    with pytest.raises(RuntimeError, match="does not answer"), servers.running({"gone": gone}, tmp_path / "log"):
        pass


class Turns:
    """A server whose rounds are known beforehand."""

    def __init__(self, *rounds: Any) -> None:
        self._rounds = list(rounds)

    def turn(self, *asked: object) -> Any:
        return self._rounds.pop(0)


def test_services_are_compared_by_their_median_round() -> None:
    against, servers = script("against_services"), script("_servers")

    def rounds(*cpu: float, errors: int = 0) -> Turns:
        return Turns(*(servers.Round(100, errors, 2.0, seconds, [1.0] * 99 + [9.0]) for seconds in cpu))

    own = {against.OWN: rounds(9.0, 0.5, 0.25, 1.0), against.FAST: rounds(9.0, 1.0, 1.0, 1.0)}
    figures = against.measure(own, ["c-1"], rounds=3, connections=1, seconds=1.0)
    assert figures[against.OWN]["per_core_s"] == 200
    assert (figures[against.OWN]["low"], figures[against.OWN]["high"]) == (100, 400)
    (verdict,) = against.verdicts(figures)
    assert (verdict["value"], verdict["passed"]) == (2.0, True)
    figures[against.OWN]["per_core_s"] = 199
    assert not against.verdicts(figures)[0]["passed"]
    assert against.table(figures)[2].startswith(f"| {against.OWN} | 50 | 199 (100 to 400) | 1.99 | unknown | 1.00 |")
    with pytest.raises(RuntimeError, match="1 errors"):
        against.measure({against.OWN: rounds(1.0, 1.0, errors=1)}, ["c-1"], rounds=1, connections=1, seconds=1.0)


def test_the_comparators_do_what_they_claim(tmp_path: Path) -> None:
    scores = script("_lightgbm_scores")
    (tmp_path / "models").mkdir()
    for name in ("signups.direct", "family.direct"):
        (tmp_path / "models" / f"{name}.txt").write_bytes(tiny_bundle.models()[f"models/{name}.txt"])
    rows = {"c-1": tiny_bundle.rows()[0].tolist()}
    rows["c-1"] = [None if value != value else value for value in rows["c-1"]]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    in_memory = scores.Service(tmp_path, None, 1).answer("c-1")
    stored = scores.Service(tmp_path, tmp_path / "s.db", 1)
    assert stored.answer("c-1") == in_memory
    assert stored._store.execute("SELECT count(*) FROM audit").fetchone() == (1,)
    booster = lgb.Booster(model_file=str(tmp_path / "models" / "signups.direct.txt"))
    assert in_memory["scores"]["signups.direct"] == booster.predict(scores.as_array(rows["c-1"]))[0]
    assert len(in_memory["scores"]["family.direct"]) == 3
    assert set(in_memory["contributions"]) == {"signups.direct"}
    with pytest.raises(KeyError):
        scores.Service(tmp_path, None, 1).answer("stranger")


def test_growth_is_the_slope_of_the_logs() -> None:
    exponent = script("_growth").exponent
    assert exponent([(n, 3 * n**1.5) for n in (10, 100, 1000)]) == pytest.approx([1.5, 1.5, 1.5])
    assert exponent([(10, 1.0), (100, 10.0)]) == [pytest.approx(1.0), None, None]
    assert exponent([(10, 1.0)]) == [None, None, None]


def test_batches_are_measured_by_size_and_held_against_the_package() -> None:
    batch = script("batch_scoring")
    sizes = {"1000": [1.0, 1.0], "10000": [10.0, 10.0]}
    seen = {batch.ENGINE: sizes, batch.PACKAGE: {size: [2 * t for t in times] for size, times in sizes.items()}}
    figures = batch.summary(seen)
    assert figures[batch.ENGINE]["rows_per_s"]["10000"] == {"median": 1000, "low": 1000, "high": 1000}
    assert figures[batch.ENGINE]["exponent"] == pytest.approx([1, 1, 1])
    ratio, linear = batch.verdicts(figures)
    assert (ratio["value"], ratio["passed"], linear["passed"]) == (2.0, True, True)
    steep = batch.summary({name: {"1000": [1.0, 1.0], "10000": [30.0, 30.0]} for name in seen})
    assert [verdict["passed"] for verdict in batch.verdicts(steep)] == [False, False]
    assert "1,000 (1,000 to 1,000)" in batch.table(figures)[2]
    calls: list[tuple[str, int]] = []
    work = {name: lambda count, name=name: calls.append((name, count)) for name in ("a", "b")}
    assert batch.measure(work, [10, 20], 1).keys() == {"a", "b"}
    assert calls[2:6] == [("a", 10), ("b", 10), ("a", 10), ("b", 10)]


def test_every_item_of_a_batch_must_be_answered(tmp_path: Path) -> None:
    batch = script("batch_scoring")
    bundle = tiny_bundle.write(tmp_path / "bundle.zip")
    work = batch.decision_work(bundle, tmp_path, [tiny_bundle.customer("c-1"), tiny_bundle.customer("c-2")])
    for one in work.values():
        one(3)
    with pytest.raises(RuntimeError, match="status 200"):
        batch.ask_batch(["c-1", "stranger"])


def test_the_whole_handler_is_timed_on_each_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latency = script("handler_latency")
    monkeypatch.setattr(latency, "bundle", tiny_bundle.write)
    monkeypatch.setattr(latency, "customers", lambda count: [tiny_bundle.customer(f"c-{n}") for n in range(count)])
    monkeypatch.setattr(latency, "CUSTOMERS", 2)
    monkeypatch.setattr(latency, "WARM", 4)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(variable, os.environ.get(variable, "bench"))
    (tmp_path / "memory").mkdir()
    figures = latency.measure(tmp_path, tmp_path / "memory", Namespace(requests=6, moto_requests=2))
    assert {name: found["requests"] for name, found in figures.items()} == {
        latency.DISK: 6, "SQLite, memory": 6, "DynamoDB, moto": 2, "a bare commit, disk": 6,
    }  # fmt: skip
    assert all(0 < found["p50"] <= found["p99"] for found in figures.values())
    slow = {latency.DISK: {"p50": 1.5, "p99": 11.0}}
    assert [(v["share"], v["passed"]) for v in latency.verdicts(slow)] == [(0.5, True), (1.1, False)]


def test_the_parts_of_a_request_add_up_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = script("handler_parts")
    names = (parts.WHOLE, *parts.OFTEN, parts.WRITE)
    seen = {name: {"ms": ms} for name, ms in zip(names, (2.0, 0.2, 0.1, 0.1, 0.3, 0.5), strict=True)}
    found = parts.figures(seen)
    assert found[parts.WRITE]["ms"] == pytest.approx(0.2)  # the entry's own JSON and seal are a part already
    *rest, whole = found.values()
    assert sum(part["ms"] for part in rest) == pytest.approx(whole["ms"]) == pytest.approx(2.0)
    assert sum(part["share"] for part in rest) == pytest.approx(1.0)


def test_cold_starts_are_held_against_time_size_and_memory() -> None:
    cold = script("cold_start")
    own = {"start_ms": 100.0, "unzipped_mb": 40.0, "peak_mb": 200.0}
    verdicts = cold.verdicts({cold.ZIP: own, cold.PACKAGE: {"start_ms": 400.0}})
    assert [(v["name"], v["value"], v["passed"]) for v in verdicts] == [
        ("ratio", 0.25, True),
        ("unzipped_mb", 40.0, True),
        ("peak_mb", 200.0, False),
    ]
    assert {"lightgbm", "numpy", "scipy"} <= cold._with_requirements("lightgbm")


def test_the_engines_get_the_same_rows_and_agree() -> None:
    engine = script("engine")
    text = tiny_bundle.models()["models/signups.distilled.txt"].decode()
    plain = engine.plain_objective(text)
    assert "objective=binary sigmoid:1" in plain
    x = tiny_bundle.rows()[:4]
    same = [lgb.Booster(model_str=one).predict(x, raw_score=True) for one in (text, plain)]
    assert np.array_equal(*same)
    scores = {"this engine": {"ms": 1.0}, "Booster.predict": {"ms": 4.0}, "ONNX Runtime": {"ms": 0.9}}
    assert [v["passed"] for v in engine.verdicts(scores)] == [True, False]
    assert len(engine.verdicts({name: scores[name] for name in ("this engine", "Booster.predict")})) == 1


def test_a_short_fuzz_run_has_a_verdict() -> None:
    fuzz = script("fuzz")
    found = fuzz.fuzz_handler(40, 3)
    assert sum(found["statuses"].values()) >= 40
    result = {"handler": found, "front": {"statuses": {200: 3, 503: 1}}}
    assert [v["passed"] for v in fuzz.verdicts(result)] == [True, False]
    assert "| 503 |" in fuzz.table(result)[0]


def test_the_audit_figures_and_their_bars(tmp_path: Path) -> None:
    audit = script("audit_log")
    found = audit.appends(tmp_path, 5)
    assert found["appends"] == 5
    assert found["entry_bytes"] > 1000
    monkey = audit.RUNS
    audit.RUNS = 1
    try:
        rows = audit.verification(tmp_path, 64)
    finally:
        audit.RUNS = monkey
    assert set(rows) == set(audit.SIZES)
    assert all(row["fsck_per_s"]["median"] > 0 for row in rows.values())
    good = {"lost": 0, "verdict": "clean", "bad": []}
    assert [v["passed"] for v in audit.verdicts(good)] == [True, True]
    assert [v["passed"] for v in audit.verdicts({"lost": 1, "verdict": "damaged", "bad": ["x"]})] == [False, False]


def test_broken_promises_under_load_miss_their_bars() -> None:
    load = script("load")
    part = {"errors": 0, "answers_without_entry": 0, "keys_decided_twice": 0, "fsck": "clean", "p99_ms": 10.0}
    assert all(v["passed"] for v in load.verdicts({"steady": part, "killed": part}))
    late = load.verdicts({"steady": part | {"p99_ms": 900.0}, "killed": part | {"fsck": "damaged"}})
    assert [v["name"] for v in late if not v["passed"]] == ["fsck not clean, killed", "p99, ms, steady"]


def test_every_run_decides_anew_and_earlier_decisions_are_not_counted_against_it(tmp_path: Path) -> None:
    load = script("load")
    records = [tiny_bundle.customer(f"c-{n}") for n in range(3)]
    with load.stage(FOLDER.parent, tiny_bundle.write(tmp_path / "bundle"), records, 1) as on:
        plan = load.Plan(on.function.url, on.customers, rate=20.0, seconds=0.5, threads=2)
        load.fire(plan)
        before = len(load.decisions(on))
        again = load.fire(plan)
        assert (before, len(load.decisions(on))) == (10, 20)
        assert load.verify(on, again, before)["keys_decided_twice"] == 0
        assert load.verify(on, again)["keys_decided_twice"] == 10
