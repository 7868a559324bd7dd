"""Show what a jury makes of jurors who agree, split, invent evidence, die or are slow.

    python benchmarks/jury_behaviour.py [--hearings 5] [--out FILE]

Three judges ask a server on this machine that speaks Bedrock's wire format and behaves as the script of each row says;
each row is heard several times, and must come out the same. Seconds are those of one hearing (median), of which a slow
juror takes the client's timeout. Exit code 1 if an absent vote was ever counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from _machine import machine, one_line
from botocore.config import Config

from agents.bedrock import Allowance, BedrockModel, Budget, CircuitBreaker, ModelConfig
from agents.bedrock.converse import BotoConverse
from agents.jury import CaseStore, Jury, ModelJudge
from agents.jury.judges import PERSPECTIVES
from understudy.contracts.watch import Evidence, Item, ItemResult, JuryOutcome, Measurement
from understudy.local.scripted_jury import FakeJury, JurorMode
from understudy.stores import ServingStore, open_store

TIMEOUT = 1.0
TOKENS = 800_000
Script = Mapping[str, JurorMode]
# What each row shows: the jurors' script (else as measured, which is WARN), and tokens of the month.
ROWS: dict[str, tuple[Script, int]] = {
    "all agree": ({}, TOKENS),
    "one milder": ({"business": "pass"}, TOKENS),
    "one says FAIL": ({"conservative": "fail"}, TOKENS),
    "all differ": ({"conservative": "fail", "statistical": "pass"}, TOKENS),
    "one invents evidence": ({"statistical": "invent"}, TOKENS),
    "all invent evidence": (dict.fromkeys(PERSPECTIVES, "invent"), TOKENS),
    "one dies": ({"statistical": "die"}, TOKENS),
    "one dies, two differ": ({"statistical": "die", "business": "pass"}, TOKENS),
    "two die": ({"statistical": "die", "business": "die"}, TOKENS),
    "one is slow": ({"business": "slow"}, TOKENS),
    "outage": (dict.fromkeys(PERSPECTIVES, "unavailable"), TOKENS),
    "throttled": (dict.fromkeys(PERSPECTIVES, "throttling"), TOKENS),
    "malformed votes": (dict.fromkeys(PERSPECTIVES, "schema"), TOKENS),
    "allowance spent": ({}, 100),
}


def warned() -> ItemResult:
    """A warning of the checklist."""
    item = Item(
        id="P5-03", part="P5", title="Population stability", measurement="psi_max", warn=0.1, fail=0.25,
        direction="above", owner="model monitoring",
    )  # fmt: skip
    evidence = [Evidence(kind="store", ref="history/2026-11-20.json")]
    found = Measurement(name="psi_max", period="2026-11-20", value=0.14, low=0.11, high=0.17, n=900, evidence=evidence)
    return ItemResult(item=item, status="WARN", measurement=found)


def client(timeout: float) -> Any:
    """As in production, with a shorter timeout and one attempt."""
    config = Config(read_timeout=min(timeout, TIMEOUT), retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("bedrock-runtime", config=config)


def bench(ledger: ServingStore, tokens: int) -> Jury:
    """Three sessions, one allowance."""
    config = ModelConfig(
        id="scripted", output_mode="native", input_usd_per_mtok=1, output_usd_per_mtok=5, priced_on="2026-11-21"
    )
    budget = Budget(ledger, Allowance(purpose="audit", tokens=tokens, micro_usd=10**9))
    return Jury(
        [
            ModelJudge(name, BedrockModel(config, BotoConverse(client), budget, breaker=CircuitBreaker()))
            for name in PERSPECTIVES
        ]
    )


@contextmanager
def server() -> Iterator[FakeJury]:
    """The scripted Bedrock, where boto3 finds it."""
    with FakeJury(delay=2 * TIMEOUT) as fake:
        names = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": fake.url, "AWS_DEFAULT_REGION": "us-east-1"}
        names |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
        with mock.patch.dict(os.environ, names):
            yield fake


def heard(fake: FakeJury, folder: Path, row: str, hearings: int) -> dict[str, Any]:
    """What became of one row."""
    script, tokens = ROWS[row]
    fake.script = dict(script)
    outcomes: list[JuryOutcome] = []
    seconds = []
    for turn in range(hearings):
        ledger = open_store(f"sqlite://{folder}/{row.replace(' ', '-')}-{turn}.sqlite")
        cases = CaseStore(folder / f"{row}-{turn}-cases.sqlite")
        start = time.perf_counter()
        outcomes += bench(ledger, tokens).hear([warned()], cases)
        seconds.append(time.perf_counter() - start)
        ledger.close()
    one = outcomes[0]
    return {
        "votes": [vote.vote or vote.error for vote in one.votes],
        "verdict": one.verdict,
        "decision": one.decision,
        "open": one.open,
        "dissent": [vote.perspective for vote in one.dissent],
        "always_the_same": len({(o.verdict, o.decision, o.open) for o in outcomes}) == 1,
        "absent_counted": any(o.verdict == "CONSENSUS" and any(v.vote is None for v in o.votes) for o in outcomes),
        "seconds": round(statistics.median(seconds), 2),
    }


def main() -> int:
    """Print the table; write it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hearings", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "jury_behaviour.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, server() as fake:
        rows = {row: heard(fake, Path(folder), row, options.hearings) for row in ROWS}
    result = {"machine": machine(), "hearings": options.hearings, "timeout_s": TIMEOUT, "rows": rows}
    print("\n".join(published(result)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(any(row["absent_counted"] or not row["always_the_same"] for row in rows.values()))


def published(result: dict[str, Any]) -> list[str]:
    """One row for each script."""
    lines = [
        "| jurors | conservative, statistical, business | verdict | decision | item | dissent | s |",
        "| --- | --- | --- | --- | --- | --- | ---: |",
    ]
    for name, row in result["rows"].items():
        cells = [name, ", ".join(row["votes"]), row["verdict"], row["decision"] or "none"]
        cells += [
            "held open" if row["open"] else "not held open",
            ", ".join(row["dissent"]) or "-",
            f"{row['seconds']:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    same = sum(row["always_the_same"] for row in result["rows"].values())
    told = f"{result['hearings']} hearings a row, {same} of {len(result['rows'])} rows with one outcome;"
    told += " a slow juror is given up after"
    return [*lines, "", f"{told} {result['timeout_s']:g} s. {one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
