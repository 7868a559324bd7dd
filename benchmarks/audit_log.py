"""Measure the audit log: appending, verifying, signing, proving, and eight writers that are killed at random.

    python benchmarks/audit_log.py [--entries 20000] [--appends 500] [--seconds 60] [--folder DIR] [--out FILE]

Entries are like those of a decision (349 features, 20 products, three reasons), made from the seed. ``--folder`` is
where the SQLite files lie: what an append waits for is that disk. Figures are of one core; the median of five runs
where a spread is given. Exit code 1 if the log is not clean, or an acknowledged entry is not in it.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _bars import at_least, at_most, kept, said
from _machine import machine, one_line
from _timing import percentile

from understudy.audit import AuditLog, FsckReport, Keyring, Personal, fsck, open_keyring, pseudonym
from understudy.audit.chain import Chain
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.checkpointing import make_checkpoint
from understudy.audit.coverage import Coverage
from understudy.audit.envelope import GENESIS, pack
from understudy.audit.heads import pack_head
from understudy.audit.proof import prove, verify_proof
from understudy.audit.series import Series
from understudy.audit.signing import PublicKeys, create_signing_key, open_signer
from understudy.stores import ServingStore, open_store

SEED = 7
RUNS = 5
WRITERS = 8
SPEEDS = {
    "fsck, entries/s": "fsck_per_s",
    "with checkpoints": "fsck_with_checkpoints_per_s",
    "bare HMAC": "bare_hmac_per_s",
    "bare SHA-256": "bare_sha256_per_s",
}
SIZES = {"small": 150, "medium": 2000, "decision": 9000}  # bytes of a payload


def content(rng: random.Random) -> dict[str, Any]:
    """What a decision seals, in the size that it has with 349 features."""
    features = {f"feature_name_{n}": rng.random() * 10 ** rng.randint(0, 6) for n in range(349)}
    products = [{"product_id": f"product-{n}", "score": rng.random()} for n in range(20)]
    drivers = [one | {"drivers": {f"task_{k}": rng.random() for k in range(3)}} for one in products]
    facts = [{"key": f"fact_{n}", "share": rng.random(), "features": {f"feature_name_{n}": 1.5}} for n in range(3)]
    reason = {"text": "최근 해외 결제가 늘어 이 상품을 권해 드립니다. " * 3, "facts": facts, "source": "template"}
    tasks = {f"task_{n}": {"layer": "distilled", "value": rng.random(), "steps": []} for n in range(13)}
    answer = {"recommendations": [one | {"reason": reason} for one in drivers[:3]], "dropped": products, "tasks": tasks}
    return {"record": {"features": features}, "ranking": drivers, "judged": [reason] * 6, "answer": answer}


def appends(folder: Path, count: int) -> dict[str, Any]:
    """Milliseconds of one append with a sealed part: by the clock, of processor time, and what the disk alone takes."""
    store, keyring = open_store(f"sqlite://{folder}/append.sqlite"), Keyring.create(folder / "append-keys.json")
    log, name, rng = AuditLog(store, keyring, "writer"), pseudonym(keyring, "c1"), random.Random(SEED)
    log.append("operation", {"pseudonym": name}, personal=Personal("c1", {}, None))
    key, personal = store.read_context("c1").key, content(rng)
    wall, cpu, size = [], [], 0
    for n in range(count):
        readable = {"request_id": f"r{n}", "pseudonym": name, "model_version": "m", "layers": {}}
        start, busy = time.perf_counter(), time.process_time()
        size = len(log.append("model_inference", readable, personal=Personal("c1", personal, key)).body)
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - busy) * 1e3)
    store.close()
    plain = len(json.dumps(personal, ensure_ascii=False).encode())
    return {
        "appends": count,
        "content_bytes": plain,
        "entry_bytes": size,
        **quantiles("wall", wall),
        **quantiles("cpu", cpu),
        "fdatasync_p50_ms": round(statistics.median(syncs(folder, size)), 3),
    }


def syncs(folder: Path, size: int) -> list[float]:
    """Milliseconds of writing ``size`` bytes and waiting for the disk: what no durable append can be faster than."""
    times, handle = [], os.open(folder / "sync", os.O_CREAT | os.O_WRONLY)
    for _ in range(100):
        start = time.perf_counter()
        os.pwrite(handle, bytes(size), 0)
        os.fdatasync(handle)
        times.append((time.perf_counter() - start) * 1e3)
    os.close(handle)
    return times


def filled(path: Path, keyring: Keyring, count: int, payload_bytes: int) -> ServingStore:
    """A log of ``count`` entries by `WRITERS` writers, written past the log's code because only reading is measured."""
    store: Any = open_store(f"sqlite://{path}")
    connection, payload = store._connection, b'{"sealed":"' + b"x" * payload_bytes + b'"}'
    connection.execute("BEGIN")
    for writer in (f"function-{n:032x}" for n in range(WRITERS)):
        mac, last = GENESIS, count // WRITERS
        for seq in range(1, last + 1):
            at, request_id = "2026-01-01T00:00:00.000000+00:00", f"{writer[-4:]}-{seq}"
            body, mac = pack(keyring, "model_inference", writer, seq, at, mac, request_id, payload)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (writer, seq, request_id, body.decode()))
        head = pack_head(keyring, writer, last, mac).decode()
        connection.execute("INSERT INTO heads VALUES (?, ?, ?)", (writer, last, head))
    connection.execute("COMMIT")
    return store  # type: ignore[no-any-return]


def verification(folder: Path, count: int) -> dict[str, Any]:
    """Entries per second of one core, by size: verified, verified against checkpoints, and the bare HMAC."""
    rows = {}
    for name, payload_bytes in SIZES.items():
        place = folder / name
        place.mkdir()
        keyring = Keyring.create(place / "keys.json")
        store = filled(place / "store.sqlite", keyring, count, payload_bytes)
        create_signing_key(place / "key.pem")
        signer, checkpoints = open_signer(f"file://{place}/key.pem"), open_checkpoints(f"file://{place}/checkpoints")
        keys = PublicKeys(signer.public_pem, where="here")
        start = time.perf_counter()
        made = make_checkpoint(store, keyring, signer, checkpoints)
        signing_s = time.perf_counter() - start
        assert made is not None
        body = next(iter(store.entries()))[3]
        plain = rates(lambda s=store, k=keyring: expect_clean(fsck(s, k)), made.size)
        held = rates(
            lambda s=store, k=keyring, c=checkpoints, p=keys: expect_clean(fsck(s, k, Coverage(c.read(), p))), made.size
        )
        bare = rates(lambda b=body, n=made.size: [hmac.digest(b"k" * 32, b, "sha256") for _ in range(n)], made.size)
        hashed = rates(lambda b=body, n=made.size: [hashlib.sha256(b).digest() for _ in range(n)], made.size)
        rows[name] = {
            "entry_bytes": len(body),
            "fsck_per_s": plain,
            "fsck_with_checkpoints_per_s": held,
            "bare_hmac_per_s": bare,
            "bare_sha256_per_s": hashed,
            "two_processes_speed_up": by_two(place, keyring),
            "checkpoint_s": round(signing_s, 3),
        } | proving(store, Series.read(checkpoints.read(), keys), keys)
        store.close()
    return rows


def by_two(place: Path, keyring: Keyring) -> float:
    """How much sooner two processes, each with half of the writers, are through than one with all (median)."""
    names = [f"function-{n:032x}" for n in range(WRITERS)]

    def seconds(parts: list[list[str]]) -> float:
        start, children = time.perf_counter(), []
        for part in parts:
            child = os.fork()
            if child == 0:
                walk(place, keyring, part)
                os._exit(0)
            children.append(child)
        for child in children:
            if os.waitpid(child, 0)[1]:
                raise SystemExit("a process could not verify its part")
        return time.perf_counter() - start

    half = WRITERS // 2
    found = [seconds([names]) / seconds([names[:half], names[half:]]) for _ in range(RUNS)]
    return round(statistics.median(found), 2)


def walk(place: Path, keyring: Keyring, writers: list[str]) -> None:
    """Verify the chains of ``writers``."""
    store = open_store(f"sqlite://{place}/store.sqlite", read_only=True)
    for name in writers:
        chain = Chain(name, keyring)
        if not all(chain.take(row) for row in store.chain(name, 0)):
            os._exit(1)


def proving(store: ServingStore, series: Series, keys: PublicKeys) -> dict[str, Any]:
    """Milliseconds of making and of verifying the proof of an entry, and its size."""
    body = store.get_request(f"{0:04x}-1")
    assert body is not None
    start = time.perf_counter()
    proof = prove(series, body)
    made = time.perf_counter()
    verify_proof(proof, keys)
    return {
        "prove_ms": round((made - start) * 1e3, 2),
        "verify_proof_ms": round((time.perf_counter() - made) * 1e3, 2),
        "proof_bytes": len(proof.model_dump_json()),
    }


def expect_clean(report: FsckReport) -> None:
    if report.verdict != "clean":
        raise SystemExit(f"the log is {report.verdict}: {report.bad}")


def rates(work: Callable[[], Any], count: int) -> dict[str, float]:
    """Per second of processor time: the median and the extremes of `RUNS` runs."""
    found = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        found.append(count / (time.process_time() - start))
    return {"median": round(statistics.median(found)), "low": round(min(found)), "high": round(max(found))}


def quantiles(name: str, times: list[float]) -> dict[str, float]:
    return {
        f"{name}_p50_ms": round(percentile(times, 0.5), 3),
        f"{name}_p99_ms": round(percentile(times, 0.99), 3),
    }


def writer(folder: Path, name: str) -> None:
    """Append for ever, and say each acknowledged entry on the standard output."""
    store, keyring = open_store(f"sqlite://{folder}/store.sqlite"), open_keyring(f"file://{folder}/keys.json")
    log, rng, n = AuditLog(store, keyring, name), random.Random(name), 0
    personal = content(rng)
    while True:
        customer = f"c{n % 50}"
        readable = {"request_id": f"{name}-{os.getpid()}-{n}", "pseudonym": pseudonym(keyring, customer)}
        sealed = Personal(customer, personal, store.read_context(customer).key)
        entry = log.append("model_inference", readable, personal=sealed)
        print(entry.writer, entry.seq, entry.mac, flush=True)
        n += 1


def killing(folder: Path, seconds: float) -> dict[str, Any]:
    """Eight writers (two share a name) are killed at random and started again, while checkpoints are signed."""
    Keyring.create(folder / "keys.json")
    create_signing_key(folder / "key.pem")
    names = [f"w{n}" for n in range(WRITERS - 2)] + ["shared", "shared"]
    rng, started = random.Random(SEED), 0
    running: dict[int, tuple[subprocess.Popen[str], Path]] = {}

    def start(slot: int) -> None:
        nonlocal started
        said = folder / f"said-{started}"
        started += 1
        command = [sys.executable, __file__, "--writer", names[slot], "--folder", str(folder)]
        with said.open("w") as out:
            running[slot] = (subprocess.Popen(command, stdout=out, text=True), said)

    for slot in range(WRITERS):
        start(slot)
    kills, until = 0, time.monotonic() + seconds
    store, keyring = open_store(f"sqlite://{folder}/store.sqlite"), open_keyring(f"file://{folder}/keys.json")
    signer, checkpoints = open_signer(f"file://{folder}/key.pem"), open_checkpoints(f"file://{folder}/checkpoints")
    while time.monotonic() < until:
        time.sleep(rng.uniform(0.1, 0.8))
        slot = rng.randrange(WRITERS)
        running[slot][0].send_signal(signal.SIGKILL)
        running[slot][0].wait()
        kills += 1
        start(slot)
        if kills % 5 == 0:
            make_checkpoint(store, keyring, signer, checkpoints)
    for process, _ in running.values():
        process.send_signal(signal.SIGKILL)
        process.wait()
    lines = [line for n in range(started) for line in (folder / f"said-{n}").read_text().splitlines()]
    # A kill may cut a process's last line short: then nobody was told.
    said = {tuple(line.split()) for line in lines if len(line.rpartition(" ")[2]) == 64}
    make_checkpoint(store, keyring, signer, checkpoints)
    report = fsck(store, keyring, Coverage(checkpoints.read(), PublicKeys(signer.public_pem, where="here")))
    stored = {(row[0].decode(), str(row[1]), json.loads(row[3])["mac"]) for row in store.entries()}
    return {
        "seconds": seconds,
        "kills": kills + WRITERS,
        "acknowledged": len(said),
        "acknowledged_per_s": round(len(said) / seconds),
        "lost": len(said - stored),
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "verdict": report.verdict,
        "bad": [str(bad) for bad in report.bad],
    }


def verdicts(killed: dict[str, Any]) -> list[dict[str, Any]]:
    """What was acknowledged is there, and nothing is amiss."""
    amiss = len(killed["bad"]) + (killed["verdict"] != "clean" and not killed["bad"])
    return [at_most("acknowledged entries lost", killed["lost"], 0), at_most("findings of fsck", amiss, 0)]


def speed(sizes: dict[str, Any]) -> list[dict[str, Any]]:
    """The bar of 200,000 entries a second and core: for small entries, and for those of decisions.

    What a decision's entry costs at the least is its SHA-256 (`bare_sha256_per_s`), whatever else is done.
    """
    return [
        at_least(f"fsck, {name} entries per second and core", sizes[name]["fsck_per_s"]["median"], 200_000)
        for name in ("small", "decision")
    ]


def main() -> int:
    """Print the tables; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--appends", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "audit_log.json")
    parser.add_argument("--writer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        writer(options.folder, options.writer)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        append = appends(folder, options.appends)
        sizes = verification(folder, options.entries)
        (folder / "killing").mkdir()
        killed = killing(folder / "killing", options.seconds)
    bars = [*verdicts(killed), *speed(sizes)]
    result = {"machine": machine(), "seed": SEED, "append": append, "verification": sizes}
    result |= {"killing": killed, "bars": bars}
    print("\n".join(published(result)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(not kept(bars))


def published(result: dict[str, Any]) -> list[str]:
    """Verification by size of entry, appends, killed writers, the bars and the machine."""
    lines = []
    for name, row in result["verification"].items():
        cells = {"entries": name, "bytes": f"{row['entry_bytes']:,}"}
        cells |= {title: f"{row[key]['median']:,.0f}" for title, key in SPEEDS.items() if key in row}
        if "two_processes_speed_up" in row:
            cells["two processes"] = f"{row['two_processes_speed_up']} x"
        cells |= {"proof, bytes": f"{row['proof_bytes']:,}", "made, ms": f"{row['prove_ms']}"}
        cells["verified, ms"] = f"{row['verify_proof_ms']}"
        if not lines:
            lines = [f"| {' | '.join(cells)} |", f"| --- |{' ---: |' * (len(cells) - 1)}"]
        lines.append(f"| {' | '.join(cells.values())} |")
    for what in ("append", "killing"):
        lines += ["", f"{what}: " + ", ".join(f"{name} {value}" for name, value in result[what].items()) + "."]
    return [*lines, "", *said(result["bars"]), "", f"Seed {result['seed']}. {one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
