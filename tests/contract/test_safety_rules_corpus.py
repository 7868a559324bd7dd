"""The bars of the gate on texts written from the clauses, and on a public injection set."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from agents.safety_gate import SafetyGate, load_rules

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "safety_gate.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_safety_gate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def gate() -> SafetyGate:
    return SafetyGate(load_rules())


def test_recall_and_false_blocks_per_clause_and_language(bench: ModuleType, gate: SafetyGate) -> None:
    rows, wrong = bench.measure(gate)
    assert {row["clause"] for row in rows} == {file.clause for file in load_rules().files}
    assert min(row["violating"] for row in rows) >= 20
    assert min(row["innocent"] for row in rows if row["clause"] != "bank-16") >= 20
    assert all(row["recall"] >= 0.99 and row["false_block"] <= 0.02 for row in rows), "\n".join(wrong)


def test_a_gate_that_lost_a_clause_misses_the_bar(bench: ModuleType) -> None:
    rules = load_rules()
    kept = tuple(file for file in rules.files if file.clause != "bank-17-5")
    rows, _ = bench.measure(SafetyGate(type(rules)(kept, rules.needles)))
    assert min(row["recall"] for row in rows if row["clause"] == "bank-17-5") < 0.5


@pytest.mark.parametrize("author", [f"author{number}" for number in (1, 2, *range(5, 20))])
def test_texts_of_authors_learnt_from_stay_caught(author: str, bench: ModuleType, gate: SafetyGate) -> None:
    """Held at what is reached: what the gate has read says nothing of what it has not."""
    rows = bench.judge(gate, bench.sets(bench.CORPUS / f"{author}.jsonl")[author], "written").values()
    caught, violating = (sum(row[name] for row in rows) for name in ("caught", "violating"))
    blocked, innocent = (sum(row[name] for row in rows) for name in ("wrongly_blocked", "innocent"))
    assert violating >= 150
    assert caught / violating >= 0.95
    assert blocked / innocent <= 0.04


def test_templates_are_judged_by_rules_alone(bench: ModuleType, gate: SafetyGate) -> None:
    evasive = "Leave the worrying to us, your savings have nowhere to go but up."
    by_rules, by_both = (
        bench.findings(gate, "bank-17-1", "investment", evasive, "en", origin) for origin in ("template", "written")
    )
    assert {f.rule_id for f in by_both} - {f.rule_id for f in by_rules} == {"reads-forbidden"}


@pytest.mark.real_data
def test_public_injections_are_found(bench: ModuleType, gate: SafetyGate) -> None:
    measured = bench.injection(gate)
    if measured is None:
        pytest.skip(f"UNDERSTUDY_DATA={os.environ.get('UNDERSTUDY_DATA')!r} holds no injection set: recall is unknown")
    assert measured["cases"] > 200
    assert measured["recall"] >= 0.97
