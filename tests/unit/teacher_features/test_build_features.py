"""Partitions and monthly aggregates change nothing but the work: the same features, from fewer files read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_events import CUTOFF, compute, spec_of, toy_bank, write

from teacher.features import build_features, partitions
from understudy.errors import UserError
from understudy.progress import Silent

RECIPES = (
    {
        "kind": "activity", "source": "buys", "label": "buys", "value": "won", "months": [3, 12],
        "measures": ["count", "sum", "max", "recency"],
    },
    {"kind": "counts", "source": "buys", "column": "shop", "values": ["games", "bakery"], "months": [6]},
    {"kind": "rolling", "source": "months", "columns": ["spend"], "steps": [6], "measures": ["mean", "sd"]},
    {"kind": "attributes", "source": "people", "numeric": ["age"], "categorical": ["city"]},
)  # fmt: skip
SPEC = spec_of(*RECIPES)
NEXT = dt.date(2024, 8, 1)


def written(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.rglob("*.parquet"))}


def test_parts_by_range_of_customers_give_the_same(bank, sources, tmp_path) -> None:
    whole = compute(SPEC, sources, tmp_path / "whole")
    parts = write(bank, tmp_path / "parts", parts=4)
    assert compute(SPEC, parts, tmp_path / "out") == whole
    assert len(list((tmp_path / "out" / CUTOFF.isoformat()).glob("*.parquet"))) == 4


def test_a_large_table_is_cut_by_a_hash(bank, sources, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compute(SPEC, sources, tmp_path / "whole")
    monkeypatch.setattr(partitions, "ROWS_AT_ONCE", 600)
    assert compute(SPEC, sources, tmp_path / "out") == whole
    assert len(list((tmp_path / "out" / CUTOFF.isoformat()).glob("*.parquet"))) >= 4


def test_processes_give_the_same(bank, tmp_path) -> None:
    parts = write(bank, tmp_path / "parts", parts=2)
    made = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        build_features(SPEC, parts, out, cutoffs=[CUTOFF], progress=Silent(), workers=workers)
        made.append({p.relative_to(out): content for p, (_, content) in written(out).items()})
    assert made[0] == made[1]


def test_nothing_is_done_twice(sources, tmp_path) -> None:
    compute(SPEC, sources, tmp_path)
    before = written(tmp_path)
    compute(SPEC, sources, tmp_path)
    assert written(tmp_path) == before


def test_a_new_month_leaves_the_old_months_alone(tmp_path) -> None:
    """July's events arrive as one more part; what was made of the months before, and of the old cutoff, stays."""
    bank = toy_bank()
    old = {
        name: [row for row in rows if (row.get("at") or row.get("month_end") or dt.date.min) < CUTOFF]
        for name, rows in bank.items()
    }
    sources = write(old, tmp_path / "bank")
    compute(SPEC, sources, tmp_path / "out")
    before = written(tmp_path / "out")
    assert len([path for path in before if "rollups" in path.parts]) == 12
    for name in ("buys", "months"):
        late = [row for row in bank[name] if (row.get("at") or row.get("month_end")) >= CUTOFF]
        schema = pq.read_schema(sources[name] / "part-00000.parquet")
        pq.write_table(pa.Table.from_pylist(late, schema), sources[name] / "part-00001.parquet")
    grown = compute(SPEC, sources, tmp_path / "out", NEXT)
    after = written(tmp_path / "out")
    assert {path: after[path] for path in before} == before
    made = {path.name for path in after.keys() - before.keys() if "rollups" in path.parts}
    assert made == {"2024-07-01_2024-08-01.parquet"}
    assert grown == compute(SPEC, write(bank, tmp_path / "all"), tmp_path / "scratch", NEXT)


def test_a_late_event_renews_its_month_alone(tmp_path) -> None:
    bank = toy_bank()
    sources = write(bank, tmp_path / "bank")
    compute(SPEC, sources, tmp_path / "out")
    before = written(tmp_path / "out")
    bank["buys"].append({"id": 9, "at": dt.date(2024, 2, 10), "won": 5.0, "shop": "games"})
    late = compute(SPEC, write(bank, tmp_path / "bank"), tmp_path / "out")
    after = written(tmp_path / "out")
    changed = {path.name for path in before if after[path] != before[path] and "rollups" in path.parts}
    assert changed == {"2024-02-01_2024-03-01.parquet"}
    assert late == compute(SPEC, sources, tmp_path / "scratch")


def test_another_recipe_makes_all_again(sources, tmp_path) -> None:
    compute(SPEC, sources, tmp_path)
    recipe = {**RECIPES[0], "where": "shop = 'games'"}
    assert compute(spec_of(recipe), sources, tmp_path) == compute(spec_of(recipe), sources, tmp_path / "scratch")


def test_missing_sources_and_columns_are_named(sources, tmp_path) -> None:
    with pytest.raises(UserError, match="no events are given for buys"):
        build_features(SPEC, {"rows": sources["rows"]}, tmp_path, cutoffs=[CUTOFF], progress=Silent())
    with pytest.raises(UserError, match="missing columns: depth"):
        compute(spec_of({**RECIPES[1], "column": "depth"}), sources, tmp_path)


def test_a_recipe_that_does_not_run_is_named(sources, tmp_path) -> None:
    recipe = {"kind": "attributes", "source": "people", "numeric": ["city"]}
    with pytest.raises(UserError, match=r"a numeric feature is no number: .*from source column city"):
        compute(spec_of(recipe), sources, tmp_path)


def test_times_that_are_no_dates_are_refused(bank, tmp_path) -> None:
    for bad, said in (("31/12/2023", "'31/12/2023' is not an ISO date"), (None, "an event without a time")):
        rows = [{**row, "at": row["at"].isoformat()} for row in bank["buys"]]
        rows[3]["at"] = bad
        sources = write({**bank, "buys": rows}, tmp_path / str(bad is None))
        with pytest.raises(UserError, match=said):
            compute(SPEC, sources, tmp_path / "out")


def test_keys_of_two_types_are_refused(bank, tmp_path) -> None:
    people = [{**row, "id": row["id"]} for row in bank["people"]]
    sources = write({**bank, "people": people}, tmp_path)
    texts = pa.Table.from_pylist([{**row, "id": f"C{row['id']}"} for row in people])
    pq.write_table(texts, sources["people"] / "part-00000.parquet")
    with pytest.raises(UserError, match="the key is a text in people and a number elsewhere"):
        compute(SPEC, sources, tmp_path / "out")
