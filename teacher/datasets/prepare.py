"""From the files of a spec to a prepared, split and checked dataset: the first stage of the path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.base_table import KEY, build_base, check_features, evaluate, read_features, select_raw
from teacher.datasets.computed import add_computed
from teacher.datasets.data_profile import describe
from teacher.datasets.dataset import Sequences
from teacher.datasets.labels import read_labels, read_row_weights, read_truth, refuse_unlearnable
from teacher.datasets.people import read_as_of, read_profiles, read_protected
from teacher.datasets.profile_page import profile_page
from teacher.datasets.recipe_columns import check_recipe_columns
from teacher.datasets.replay import replay
from teacher.datasets.roles import ROW_KEY, check_roles
from teacher.datasets.sequences import ReadSequence, read_distribution, read_sequence
from teacher.datasets.sources import Tables, open_sources
from teacher.datasets.spec_lines import naming_lines
from teacher.datasets.specs import LoadedSpec
from teacher.datasets.splits import SPLITS, Split, assign_splits, row_digests, sample_rows
from teacher.datasets.sql import quote
from teacher.datasets.storage import PreparedRows, write_dataset
from teacher.features import FittedSchema, RawFeatures, apply_fits, encode_rows, fit_recipes, fit_schema
from teacher.leakage import Check, GateInputs, leakage_report, refuse_leaks, run_gate
from teacher.leakage.order import id_order
from understudy.atomic import atomic_directory, write_json, write_text
from understudy.contracts.fitted_recipes import FeatureFits
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress
from understudy.stages import fingerprint

__all__ = ["prepare"]


def prepare(
    loaded: LoadedSpec, out: Path, *, data_dir: Path | None, seed: int, customers: int | None, progress: Progress
) -> dict[str, Any]:
    """Read, validate, split, check for leaks and write ``out``; ``out`` is replaced as a whole or not at all.

    Writes ``table.parquet`` (everything per row), ``sequences/``, ``distributions/``, ``schema.json``, ``splits.json``,
    ``feature_fits.json``, ``leakage.json``, ``profile.json``, ``profile.html`` and ``dataset.json``. Equal inputs give
    equal bytes. What was computed from events stays in ``<out>.features``, where the next run finds the months that did
    not change.

    Args:
        data_dir: the folder that source paths start from.
        customers: at most so many customers (default: the spec's ``sample``; the generator makes exactly so many).

    Returns:
        A summary: ``dataset``, ``fingerprint``, ``seed``, ``customers``, ``rows`` per split, ``features``, ``tasks``.

    Raises:
        UserError: bad input (exit code 2), or a leak (exit code 4; the evidence is left in ``<out>.leakage.json``).
    """
    limit = customers if customers is not None else loaded.spec.sample
    with (
        naming_lines(loaded),
        progress.task(f"Prepare {loaded.spec.name}", 6) as advance,
        open_sources(loaded, data_dir=data_dir, seed=seed, customers=limit, progress=progress) as tables,
    ):
        advance(note="sources")
        spec = loaded.spec
        check_recipe_columns(loaded, tables)
        check_roles(spec, tables)
        build_base(spec, tables)
        add_computed(spec, tables, out.with_name(f"{out.name}.features"), progress)
        check_features(spec, tables)
        labels = read_labels(spec, tables)
        raw = read_features(spec, tables)
        advance(note="base table")
        assigned = _split(spec, tables, raw, seed, limit)
        rows = _prepared_rows(spec, tables, raw, labels, assigned.split)
        steps = {s.name: read_sequence(spec, s, tables, rows.row_ids) for s in spec.sequences}
        rows.sequences.update({name: Sequences(read.values, read.mask) for name, read in steps.items()})
        advance(note="splits and sequences")
        train = np.flatnonzero(rows.split == 0).astype(np.int64)
        for task in spec.tasks:
            refuse_unlearnable(task, rows.labels[task.name][train], "the training split")
        made, fits = fit_recipes(spec, rows.raw, train, rows.row_ids)
        rows = replace(rows, raw={name: made[name] for _, name, _ in spec.features()})
        fitted = fit_schema(spec, rows.raw, train, rows.row_ids)
        features = encode_rows(fitted.schema, rows.raw)
        advance(note="features")
        seen = _gate_inputs(spec, fitted, fits, features, rows, assigned, steps, apply_fits(spec, raw, fits), seed)
        checks = run_gate(replace(seen, replayed=replay(spec, tables)), progress)
        _refuse(spec, checks, out)
        advance(note="leakage gate")
        facts = _facts(spec, tables, rows, fitted, seed, limit)
        profile = describe(spec, fitted.schema, rows.raw, features, rows.labels, rows.truth, rows.protected, rows.split)
        profile["sequences"] = {
            name: {"missing_values": read.missing_values, "withheld_steps": read.withheld_steps}
            for name, read in steps.items()
        }
        with atomic_directory(out) as folder:
            write_dataset(folder, loaded, fitted, fits, rows, facts)
            report = leakage_report(spec, checks)
            write_json(folder / "leakage.json", report)
            write_json(folder / "profile.json", profile)
            write_text(folder / "profile.html", profile_page(profile, report))
        advance(note="written")
    return facts


@dataclass(frozen=True)
class _Assignment:
    """The split; the place of every assigned row in the order of the file and of the ids; what no two splits share."""

    split: Split
    orders: dict[str, NDArray[np.float64]]
    disjoint: dict[str, NDArray[np.int64]]


def _split(spec: DatasetSpec, tables: Tables, raw: RawFeatures, seed: int, limit: int | None) -> _Assignment:
    name = spec.split.key or spec.key
    cell = KEY if name == ROW_KEY else quote(name)
    keys = evaluate(tables, [f"CAST({cell} AS VARCHAR)"], "split.key").column(0).to_pylist()
    if None in keys:
        raise UserError("the group of a row is missing", where=f"split.key, column {name}", fix="Fill it for each row.")
    sampled = sample_rows(keys, seed=seed, customers=limit)
    digests = (
        row_digests([v.tolist() for v in select_raw(raw, sampled).values()])
        if spec.split.keep_duplicates_together
        else None
    )
    cutoffs = np.asarray(read_as_of(spec, tables))[sampled] if spec.split.time else None
    split = assign_splits([keys[i] for i in sampled], digests, cutoffs, spec.split, seed=seed)
    disjoint = {"row_id": sampled[split.positions], "group": split.units}
    if digests is not None:
        _, numbers = np.unique(np.asarray(digests), return_inverse=True)
        disjoint["feature row"] = numbers[split.positions].astype(np.int64)
    split = replace(split, positions=sampled[split.positions])
    for index, part in enumerate(SPLITS):
        if not (split.split == index).any():
            what = f"the {part} split has no row"
            raise UserError(what, where="split", fix="Give more rows or groups, or other fractions.")
    ids = np.asarray([keys[i] for i in sampled])
    return _Assignment(split, {"file order": sampled.astype(np.float64), "id order": id_order(ids)}, disjoint)


def _prepared_rows(
    spec: DatasetSpec, tables: Tables, raw: RawFeatures, labels: dict[str, NDArray[np.float64]], split: Split
) -> PreparedRows:
    kept = split.positions
    keys = evaluate(tables, [KEY], "key").column(0).to_pylist()
    as_of, profiles = read_as_of(spec, tables), read_profiles(spec, tables)
    return PreparedRows(
        row_ids=kept,
        customer_ids=[keys[i] for i in kept],
        units=split.units,
        as_of=[as_of[i] for i in kept],
        split=split.split,
        raw=select_raw(raw, kept),
        labels={name: label[kept] for name, label in labels.items()},
        row_weights={name: values[kept] for name, values in read_row_weights(spec, tables).items()},
        truth={name: values[kept] for name, values in read_truth(spec, tables).items()},
        protected={name: values[kept] for name, values in read_protected(spec, tables).items()},
        profiles=[profiles[i] for i in kept],
        sequences={},
        distributions={d.name: read_distribution(d, tables, kept) for d in spec.distributions},
    )


def _gate_inputs(
    spec: DatasetSpec,
    fitted: FittedSchema,
    fits: FeatureFits,
    features: NDArray[np.float64],
    rows: PreparedRows,
    assigned: _Assignment,
    steps: dict[str, ReadSequence],
    raw: RawFeatures,
    seed: int,
) -> GateInputs:
    return GateInputs(
        spec=spec,
        fitted=fitted,
        features=features,
        labels=rows.labels,
        split=rows.split,
        row_ids=rows.row_ids,
        units=assigned.split.units,
        orders=assigned.orders,
        assigned_split=assigned.split.assigned_split,
        assigned_units=assigned.split.assigned_units,
        disjoint=assigned.disjoint,
        last_steps={name: read.last_step for name, read in steps.items() if read.last_step is not None},
        cutoffs=np.asarray(rows.as_of, dtype="datetime64[us]") if spec.split.time else None,
        seed=seed,
        keys=rows.customer_ids,
        truth=rows.truth,
        fits={f"{fit.kind} in {fit.group}": fit for fit in fits.fits},
        sequences=rows.sequences,
        distributions=rows.distributions,
        population={name: values for name, values in raw.items() if isinstance(values, np.ndarray)},
    )


def _refuse(spec: DatasetSpec, checks: list[Check], out: Path) -> None:
    evidence = out.with_name(f"{out.name}.leakage.json")
    if any(check.status == "fail" for check in checks):
        write_json(evidence, leakage_report(spec, checks))
    else:
        evidence.unlink(missing_ok=True)
    refuse_leaks(spec, checks, str(evidence))


def _facts(
    spec: DatasetSpec, tables: Tables, rows: PreparedRows, fitted: FittedSchema, seed: int, limit: int | None
) -> dict[str, Any]:
    identity = {
        "sources": tables.digests,
        "spec": spec.model_dump(mode="json"),
        "seed": seed,
        "sample": limit,
    }
    return {
        "dataset": spec.name,
        "fingerprint": fingerprint(identity),
        "seed": seed,
        "customers": len(set(rows.customer_ids)),
        "rows": {name: int((rows.split == index).sum()) for index, name in enumerate(SPLITS)},
        "features": len(fitted.schema.features),
        "tasks": [task.name for task in spec.tasks],
        "sources": dict(sorted(tables.digests.items())),
    }
