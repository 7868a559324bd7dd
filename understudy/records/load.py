"""Load a source into a store: stream, check, write, remember how far; what is bad is kept aside with its reason."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from understudy.atomic import write_json
from understudy.contracts.api import CustomerRecord
from understudy.contracts.features import FeatureSchema
from understudy.progress import Progress
from understudy.records.check import BadRowError, RecordReader
from understudy.records.latest import superseded
from understudy.records.source import Row, Source
from understudy.stores.protocol import CustomerStore

__all__ = ["LoadReport", "load_records"]


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows: each was loaded, or stands in the quarantine file.

    ``resumed`` is the number of rows that an earlier, interrupted run had done.
    """

    rows: int
    loaded: int
    quarantined: int
    resumed: int = 0


@dataclass
class _State:
    """How far a load has come; stored after each batch, when its records and its quarantined rows are durable."""

    inputs: dict[str, str]
    done: int = 0
    loaded: int = 0
    quarantined: int = 0
    quarantine_bytes: int = 0


def load_records(
    path: Path,
    store: CustomerStore,
    store_name: str,
    schema: FeatureSchema,
    quarantine: Path,
    *,
    progress: Progress,
    now: datetime | None = None,
) -> LoadReport:
    """Put the record of every good row of ``path`` into ``store``.

    The same call goes on after an interruption, and starts anew if source, schema or store are others. A row that is
    loaded twice is stored once. Bad rows go to ``quarantine`` (JSON lines: file, row, reason, all values; readable by
    the owner only), never away.

    Raises:
        UserError: the source cannot be read, or lacks columns.
        StoreError: the store could not answer; what was done stays done.
    """
    source = Source(path)
    reader = RecordReader(schema, source.columns, (now or datetime.now(UTC)).date())
    checkpoint = quarantine.with_name(f"{quarantine.name}.progress.json")
    inputs = {"source": source.fingerprint(), "schema": schema.version, "store": store_name}
    state = _resume(checkpoint, inputs, quarantine)
    resumed = state.done
    passed_over = superseded(source)
    with (
        _open_private(quarantine, state.quarantine_bytes) as bad,
        progress.task("feature records", source.rows) as step,
    ):
        step(resumed)
        for rows in source.batches(state.done):
            records: list[CustomerRecord] = []
            for place, row in enumerate(rows, start=state.done):
                try:
                    if place in passed_over:
                        raise BadRowError(passed_over[place])
                    records.append(reader.read(row.values))
                except BadRowError as error:
                    bad.write(_quarantined(row, str(error)))
                    state.quarantined += 1
            store.put_records(records)
            bad.flush()
            os.fsync(bad.fileno())
            state.done += len(rows)
            state.loaded += len(records)
            state.quarantine_bytes = bad.tell()
            write_json(checkpoint, asdict(state))
            step(len(rows), f"{state.quarantined} quarantined" if state.quarantined else "")
    if not state.quarantined:
        quarantine.unlink()
    checkpoint.unlink()
    return LoadReport(source.rows, state.loaded, state.quarantined, resumed)


def _resume(checkpoint: Path, inputs: dict[str, str], quarantine: Path) -> _State:
    try:
        found = _State(**json.loads(checkpoint.read_bytes()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return _State(inputs)
    whole = quarantine.exists() and quarantine.stat().st_size >= found.quarantine_bytes
    return found if found.inputs == inputs and whole else _State(inputs)


def _open_private(path: Path, size: int) -> BinaryIO:
    """Open for appending after the first ``size`` bytes: rows of a batch that did not finish are checked again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    file.truncate(size)
    file.seek(size)
    return file


def _quarantined(row: Row, reason: str) -> bytes:
    line: dict[str, Any] = {"file": row.file, "row": row.number, "reason": reason, "values": row.values}
    return json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace") + b"\n"
