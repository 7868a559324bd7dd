"""Measure the Safety Gate: recall and false blocks per clause and language, injection recall, latency.

    python benchmarks/safety_gate.py [--corpus PATH] [--out FILE]

The sets in tests/contract/safety_corpus were written from the clauses: ko.toml and en.toml beside the rules,
author*.jsonl by authors who knew only the law (rules and reader have read them since), heldout-*.jsonl by authors whom
nobody who writes rules has read. Each set is judged as ``written`` (rules and reader) and as ``template``
(rules alone). The public injection set is read from UNDERSTUDY_DATA; without it that figure is unknown.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agents.safety_gate import Finding, SafetyGate, load_rules
from agents.safety_gate.gate import Origin
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Driver, Product, Terms
from understudy.contracts.reasons import Fact
from understudy.wilson import wilson

CORPUS = Path(__file__).parents[1] / "tests" / "contract" / "safety_corpus"
LOCALES: tuple[Locale, ...] = ("ko", "en")
FACTS = [
    Fact(key="balance", direction="for", share=0.3, slot="money", value=12_300_000, features={}),
    Fact(key="overseas", direction="for", share=0.2, slot="count", value=3, features={}),
    Fact(key="food", direction="for", share=0.1, slot="percent", value=0.35, features={}),
    Fact(key="tenure", direction="for", share=0.1, slot="months", value=7, features={}),
]
# Structure that a lone sentence of the corpus cannot have.
STRUCTURAL = {"product-name", "seller-name", "wrong-language", "risk-cap"}


class Case(NamedTuple):
    """One text of a set, and what its author says of it."""

    clause: str
    product: str
    locale: Locale
    violating: bool
    text: str


def product_of(kind: Any) -> Product:
    """A product with complete terms of the given type."""
    terms = Terms(
        rate_min=2.5,
        rate_max=3.5,
        rate_basis=Text(ko="만기 12개월", en="a term of 12 months"),
        late_rate_max=12,
        preferential_condition=Text(ko="급여 이체", en="salary paid in"),
        eligibility=Text(ko="만 19세 이상", en="customers aged 19 or over"),
        deposit_protected=kind in ("deposit", "account"),
        principal_loss_possible=kind == "investment",
    )
    return Product(
        id="sample",
        name=Text(ko="표본 상품", en="Sample Product"),
        family="sample",
        type=kind,
        risk_level=1,
        seller=Text(ko="언더스터디은행", en="Understudy Bank"),
        terms=terms,
        drivers=[Driver(task="sample", weight=1)],
    )


def findings(
    gate: SafetyGate, clause: str, kind: str, text: str, locale: Locale, origin: Origin = "written"
) -> list[Finding]:
    """What the gate finds in one text of the corpus, less what a lone sentence cannot have."""
    verdict = gate.check(text, product=product_of(kind), facts=FACTS, locale=locale, risk_cap=5, origin=origin)
    numbers = {"grounding", "bank-16"}
    return [
        finding
        for finding in verdict.findings
        if finding.severity == "block"
        and finding.rule_id not in STRUCTURAL
        and (finding.clause != "bank-16" or clause == "bank-16")
        and (finding.rule_id != "untraceable-number" or clause in numbers)
        # Catalog fields are fragments, not sentences.
        and (finding.rule_id != "polite-sentences" or clause == "tone")
    ]


def sets(folder: Path) -> dict[str, list[Case]]:
    """The texts of every author: JSON Lines with clause, product, locale, violating and text."""
    found = {}
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else [folder]:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        found[path.stem] = [Case(*(line[field] for field in Case._fields)) for line in lines]
    return found


def judge(gate: SafetyGate, cases: Iterable[Case], origin: Origin) -> dict[str, dict[str, int]]:
    """Per "clause locale": how many texts there are of each kind, and how many were blocked."""
    rows: dict[str, dict[str, int]] = {}
    for case in cases:
        row = rows.setdefault(
            f"{case.clause} {case.locale}", {"violating": 0, "caught": 0, "innocent": 0, "wrongly_blocked": 0}
        )
        blocked = bool(findings(gate, case.clause, case.product, case.text, case.locale, origin))
        row["violating" if case.violating else "innocent"] += 1
        row["caught" if case.violating else "wrongly_blocked"] += blocked
    return rows


def published(figures: dict[str, Any]) -> list[str]:
    """A table of the held-out authors and one of those whom the rules and the reader have read."""
    lines = []
    for title, prefix in (("texts of authors held out", "heldout"), ("texts of authors learnt from", "author")):
        names = [name for name in figures["sets"] if name.startswith(prefix)]
        if names:
            lines += [f"{title} ({len(names)} authors), share blocked with its 95 % interval:", ""]
            lines += [*_table([figures["sets"][name]["written"] for name in names]), ""]
    if figures["injection"]:
        found = figures["injection"]
        lines += [f"Public injection set, screened as free text: {found['recall']:.3f} of {found['cases']} cases.", ""]
    speed = figures["latency"]
    checks = f"One check with its disclosure, processor time: p50 {speed['cpu_p50_ms']:.2f} ms, "
    return [*lines, f"{checks}p99 {speed['cpu_p99_ms']:.2f} ms; opening the rules {figures['load_ms']:.0f} ms."]


def _table(sets_of_rows: list[dict[str, dict[str, int]]]) -> list[str]:
    total: dict[str, Counter[str]] = {}
    for rows in sets_of_rows:
        for key, row in rows.items():
            total.setdefault(key, Counter()).update(row)
    clauses = list(dict.fromkeys(key.split()[0] for key in total))
    lines = ["| clause | violating, ko | violating, en | innocent, ko | innocent, en |", "|---|---|---|---|---|"]
    for clause in [*clauses, "all"]:
        cells = []
        for hits, trials in (("caught", "violating"), ("wrongly_blocked", "innocent")):
            for locale in LOCALES:
                mine = [
                    row
                    for key, row in total.items()
                    if key == f"{clause} {locale}" or (clause, key[-2:]) == ("all", locale)
                ]
                cells.append(_share(sum(row[hits] for row in mine), sum(row[trials] for row in mine)))
        lines.append(f"| {clause} | " + " | ".join(cells) + " |")
    return lines


def _share(hits: int, trials: int) -> str:
    if not trials:
        return "none"
    low, high = wilson(hits / trials, trials)
    return f"{hits / trials:.3f} [{low:.2f}, {high:.2f}] of {trials}"


def corpus(locale: Locale) -> Iterator[tuple[str, str, bool, str]]:
    """(clause, product type, violating, text) of the texts that the rules were fitted to."""
    data = tomllib.loads((CORPUS / f"{locale}.toml").read_text(encoding="utf-8"))
    for clause, texts in data.items():
        for label in ("violating", "innocent"):
            for text in texts[label]:
                yield clause, texts["product"], label == "violating", text


def measure(gate: SafetyGate) -> tuple[list[dict[str, Any]], list[str]]:
    """One row per clause and language, and the texts that were judged wrongly."""
    rows, wrong = [], []
    for locale in LOCALES:
        count: Counter[tuple[str, str]] = Counter()
        for clause, kind, violating, text in corpus(locale):
            found = findings(gate, clause, kind, text, locale, "template")
            label = "violating" if violating else "innocent"
            count[clause, label] += 1
            count[clause, f"{label} blocked"] += bool(found)
            count[clause, "in clause"] += violating and any(f.clause == clause for f in found)
            if bool(found) != violating:
                why = ", ".join(f.rule_id for f in found)
                wrong.append(f"{locale} {clause} {'missed' if violating else f'blocked by {why}'}: {text}")
        rows += [_row(locale, clause, count) for clause in dict.fromkeys(clause for clause, _ in count)]
    return rows, wrong


def _row(locale: Locale, clause: str, count: Counter[tuple[str, str]]) -> dict[str, Any]:
    violating, innocent = count[clause, "violating"], count[clause, "innocent"]
    return {
        "locale": locale,
        "clause": clause,
        "violating": violating,
        "recall": count[clause, "violating blocked"] / violating,
        "recall_in_clause": count[clause, "in clause"] / violating,
        "innocent": innocent,
        "false_block": count[clause, "innocent blocked"] / innocent,
    }


def injection(gate: SafetyGate) -> dict[str, Any] | None:
    """Recall on the public injection set, screened as free text, per variant; None where the set is absent."""
    folder = os.environ.get("UNDERSTUDY_DATA")
    path = Path(folder or "") / "safety" / "purplellama_prompt_injection.json"
    if not folder or not path.exists():
        return None
    cases = json.loads(path.read_text(encoding="utf-8"))
    total: Counter[str] = Counter(case["injection_variant"] for case in cases)
    caught: Counter[str] = Counter(
        case["injection_variant"] for case in cases if gate.screen(case["user_input"], "case")
    )
    variants = {variant: caught[variant] / n for variant, n in sorted(total.items())}
    return {"cases": len(cases), "recall": sum(caught.values()) / len(cases), "variants": variants}


def latency(gate: SafetyGate, rounds: int) -> dict[str, float]:
    """Milliseconds per check of a corpus text with a full disclosure, warm: by the clock, and of processor time."""
    cases = [
        (text, product_of(kind), locale, disclosure)
        for locale in LOCALES
        for clause, kind, violating, text in corpus(locale)
        if not violating and clause != "bank-16"
        for disclosure in [next(t for c, _, bad, t in corpus(locale) if c == "bank-16" and not bad)]
    ]
    for text, product, locale, disclosure in cases:
        gate.check(text, product=product, facts=FACTS, locale=locale, disclosure=disclosure, risk_cap=5)
    wall, cpu = [], []
    for _ in range(rounds):
        for text, product, locale, disclosure in cases:
            gate._spoken.cache_clear()  # what is timed is a text that was never seen
            start, busy = time.perf_counter(), time.process_time()
            gate.check(text, product=product, facts=FACTS, locale=locale, disclosure=disclosure, risk_cap=5)
            cpu.append((time.process_time() - busy) * 1e3)
            wall.append((time.perf_counter() - start) * 1e3)
    return {"checks": len(wall)} | _quantiles("", wall) | _quantiles("cpu_", cpu)


def _quantiles(prefix: str, times: list[float]) -> dict[str, float]:
    from _timing import percentile  # others import this module, from where its neighbours are not on the path

    return {f"{prefix}{name}_ms": round(percentile(times, share), 3) for name, share in (("p50", 0.5), ("p99", 0.99))}


def main() -> int:
    """Print the tables; write them as JSON where asked. Exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder of *.jsonl, or one such file")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    start = time.perf_counter()
    gate = SafetyGate(load_rules())
    load_ms = (time.perf_counter() - start) * 1e3
    rows, wrong = measure(gate)
    for row in rows:
        print(
            "{locale}  {clause:<12} recall {recall:.3f} of {violating:>3} (in clause {recall_in_clause:.3f})"
            "   false blocks {false_block:.3f} of {innocent:>3}".format(**row)
        )
    print("\n".join(wrong))
    origins: tuple[Origin, ...] = ("written", "template")
    judged = {
        name: {origin: judge(gate, cases, origin) for origin in origins} for name, cases in sets(options.corpus).items()
    }
    for name, by_origin in judged.items():
        for origin, of in by_origin.items():
            print(f"\n{name}, texts judged as {origin}:\n" + "\n".join(_table([of])))
    attacks, speed = injection(gate), latency(gate, options.rounds)
    print(f"injection set: {attacks or 'unknown (UNDERSTUDY_DATA is not set)'}")
    print(f"load {load_ms:.1f} ms; check {speed}")
    if options.out:
        result = {"clauses": rows, "sets": judged, "injection": attacks, "latency": speed, "load_ms": load_ms}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(any(row["recall"] < 0.99 or row["false_block"] > 0.02 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
