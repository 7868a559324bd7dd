"""How soon the monitors see a change of known size, and how often they see one that is not there.

    python -m studies.monitors [--years 901 902 ...] [--seeds 801 ... 810] [--rows 2000] [--minutes 60]

Decisions are simulated (`studies/_production.py`): 2000 persons a day, 40 features, 5 protected attributes with 17
groups and their 10 pairs, 3 tasks, outcomes of half of the decisions on the day after, a teacher's scores of 300
decisions a day, 20,000 requests a day. A *year* has no change: every confirmed breach in it is a false alarm. A *delay*
is counted in nights: 1 is the night of the very day on which the change began, after ten days without it. A change that
is not confirmed within 30 nights counts as missed.

One small file per run under ``studies/results/monitors``; giving the command again runs what is missing. What there is
is gathered in ``benchmarks/results/monitors.json``, which ``benchmarks/publish.py`` reads.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.evidence import History
from agents.monitors import MonitorConfig, run_monitors
from agents.monitors.day import Found, MonitorDay
from agents.monitors.run import MONITORS
from agents.monitors.shadow import watch_fidelity
from benchmarks._machine import machine
from studies._changes import STUDIED
from studies._production import Production, day_name
from studies._results import RESULTS, keep, kept
from understudy.atomic import canonical_json, write_json
from understudy.objects.folder import Folder

__all__ = ["main"]

STUDY = "monitors"
YEAR = 365
BEGUN = 10
PATIENCE = 30
FORGOTTEN = 9  # days after which no monitor asks for a night's state
ROOT = Path(__file__).resolve().parent.parent


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing until the time is up, then gather."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--years", type=int, nargs="*", default=list(range(901, 905)), help="seeds of quiet years")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(801, 811)), help="seeds of each delay")
    parser.add_argument("--rows", type=int, default=2000, help="persons a day")
    parser.add_argument("--minutes", type=float, default=60, help="start no further run after so many")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "studies", help="where an unfinished year is kept")
    asked = parser.parse_args(given)
    until = time.monotonic() + 60 * asked.minutes
    for name, size, seed in _missing(asked.seeds, asked.rows):
        if time.monotonic() < until:
            keep(STUDY, f"delay-{asked.rows}", f"{name}-{size:g}", seed, delay(name, size, seed, asked.rows))
    for seed in asked.years:
        if time.monotonic() < until and kept(STUDY, f"year-{asked.rows}", "quiet", seed) is None:
            found = year(seed, asked.rows, asked.runs, until)
            if found is not None:
                keep(STUDY, f"year-{asked.rows}", "quiet", seed, found)
    figures = gathered(asked.rows)
    write_json(ROOT / "benchmarks" / "results" / "monitors.json", figures)
    print(json.dumps(figures, indent=1))


def _missing(seeds: Sequence[int], rows: int) -> Iterator[tuple[str, float, int]]:
    """By seed first, so that a study that is stopped has something of everything."""
    for seed in seeds:
        for name, studied in STUDIED.items():
            for size in studied.sizes:
                if kept(STUDY, f"delay-{rows}", f"{name}-{size:g}", seed) is None:
                    yield name, size, seed


def delay(name: str, size: float, seed: int, rows: int) -> dict[str, Any]:
    """Nights until the change is confirmed (null: not within the patience), and when it was said to have begun."""
    studied = STUDIED[name]
    production = Production(seed, rows=rows, change={BEGUN: studied.make(size)})
    state: Mapping[str, Any] | None = None
    for number in range(BEGUN + PATIENCE):
        found = _night(production, number, studied.monitor, state)
        # Through JSON, as the history keeps it.
        state = json.loads(json.dumps(found.state))
        seen = [breach for breach in found.breaches if breach.rule in studied.rules]
        if seen:
            early = number < BEGUN
            return {"nights": None if early else number - BEGUN + 1, "since": seen[0].since, "early": early}
    return {"nights": None, "since": None, "early": False}


def _night(production: Production, number: int, monitor: str, state: Mapping[str, Any] | None) -> Found:
    late = monitor in ("calibration", "concept") and number > 0
    day = MonitorDay(
        day=day_name(number),
        columns=production.columns(number),
        metrics=production.requests(number),
        frame=production.frame,
        config=MonitorConfig(),
        labelled=production.labelled(number) if late else None,
        before=state,
    )
    return watch_fidelity(day, production.shadow(number)) if monitor == "fidelity" else MONITORS[monitor](day)


def year(seed: int, rows: int, runs: Path, until: float) -> dict[str, Any] | None:
    """Confirmed breaches of every rule in a year without change; that a model grows old is not counted.

    Goes on where an earlier call stopped; None: the time is up.
    """
    place = Folder(runs / f"{STUDY}-{rows}" / str(seed))
    history, production = History(place), Production(seed, rows=rows)
    config = MonitorConfig(retrain_model_days=10.0 * YEAR)
    kept = place.read("so-far.json")
    so_far: dict[str, Any] = json.loads(kept.data) if kept else {"days": 0, "alarms": {}, "worst": {}}
    for number in range(so_far["days"] + 1, YEAR + 1):
        if time.monotonic() > until:
            return None
        night = run_monitors(
            day_name(number),
            production.columns(number),
            production.requests(number),
            production.frame,
            history,
            config,
            labelled=production.labelled(number),
            shadow=production.shadow(number),
        )
        alarms = Counter(so_far["alarms"])
        alarms.update(breach.rule for breach in night.breaches)
        worst = so_far["worst"]
        for name in ("ks_min_p", "srm_p"):
            worst[name] = min(worst.get(name, 1.0), night[name].value or 1.0)
        worst["psi_max"] = max(worst.get("psi_max", 0.0), night["psi_max"].value or 0.0)
        so_far = {"days": number, "alarms": dict(sorted(alarms.items())), "worst": worst}
        place.write("so-far.json", canonical_json(so_far))
        for old in place.names("state/"):
            if old.endswith(f"{day_name(number - FORGOTTEN)}.json"):
                place.delete(old)
    return so_far


def gathered(rows: int) -> dict[str, Any]:
    """Every finished run, as `benchmarks.monitors` publishes it."""
    delays = {}
    for name, studied in STUDIED.items():
        for size in studied.sizes:
            runs = _runs(f"delay-{rows}", f"{name}-{size:g}")
            if runs:
                delays[f"{name}-{size:g}"] = {
                    "title": studied.title,
                    "size": size,
                    "nights": {seed: run["nights"] for seed, run in runs.items()},
                    "early": sum(run["early"] for run in runs.values()),
                    "dated": {seed: run["since"] for seed, run in runs.items()},
                }
    years = _runs(f"year-{rows}", "quiet")
    return {
        "rows": rows,
        "began": day_name(BEGUN),
        "patience": PATIENCE,
        "delays": delays,
        "years": years,
        "machine": machine(),
    }


def _runs(place: str, model: str) -> dict[str, Any]:
    folder = RESULTS / STUDY / place / model
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


if __name__ == "__main__":
    main()
