"""The decisions of one day, read from the audit log with the customers' keys."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import IO

from agents.evidence.columns import Columns, joined
from agents.evidence.entries import Part, read_part
from agents.evidence.frame import Frame
from agents.evidence.settings import WatchSettings
from agents.evidence.spans import DaySpan, day_spans
from understudy.audit import open_keyring
from understudy.errors import UserError
from understudy.stores import open_store

__all__ = ["FEWEST", "read_day"]

FEWEST = 5_000  # entries below which a second process costs more than it saves
KEPT = 50_000  # decisions whose features are kept
TOLD = 5_000  # decisions whose texts are kept


def read_day(
    settings: WatchSettings,
    frame: Frame,
    day: str,
    *,
    sample: float = 1.0,
    processes: int = 2,
    after: Mapping[str, int] | None = None,
) -> Columns:
    """The decisions of a UTC day that could be opened, in the order of (writer, seq).

    The same log gives the same columns, whatever the number of processes. An entry that does not authenticate is
    counted (``altered``) and left out; one whose key was destroyed is counted (``erased``).

    Args:
        settings: Where log and keys are.
        frame: What the decisions are held against.
        day: ``2026-11-21``.
        sample: Share of the decisions to open, chosen by a hash of the request id.
        processes: Cores to use.
        after: The cursor of an earlier day (`Columns.cursor`), which saves looking through what lies before it.

    Raises:
        StoreError: the log cannot be read.
        UserError: a URL is wrong, a key ring cannot be read, or a process that read died.
    """
    store = open_store(settings.understudy_store, read_only=True)
    try:
        spans, cursor = day_spans(store, open_keyring(settings.understudy_audit_keys), day, after)
    finally:
        store.close()
    entries = sum(span.last - span.first + 1 for span in spans)
    parts = 1 if entries < FEWEST else max(1, processes)
    jobs = [_part(settings, frame, day, spans, sample, entries, index, parts) for index in range(parts)]
    pieces = list(read_part(jobs[0]) if parts == 1 else _in_processes(jobs))
    return replace(joined(pieces), sample=sample, cursor=cursor)


def _part(
    settings: WatchSettings,
    frame: Frame,
    day: str,
    spans: Sequence[DaySpan],
    sample: float,
    entries: int,
    index: int,
    parts: int,
) -> Part:
    expected = max(1.0, entries * sample)
    return Part(
        store=settings.understudy_store,
        keys=settings.understudy_audit_keys,
        customer_keys=settings.understudy_customer_keys,
        frame=frame,
        day=day,
        spans=spans,
        sample=sample,
        keep=KEPT / expected,
        tell=TOLD / expected,
        index=index,
        parts=parts,
    )


def _in_processes(jobs: Sequence[Part]) -> Iterator[Columns]:
    """One process a job, over pipes: where the function runs there is no shared memory for a pool's semaphores."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "agents.evidence.worker"]
    with ExitStack() as stack:
        running = []
        for job in jobs:
            # In files, for a pipe that nobody reads would stop its writer.
            said, wrong = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=wrong, env=environment)
            stack.callback(_end, process)
            running.append((process, said, wrong))
            assert process.stdin is not None
            with process.stdin as stdin:
                pickle.dump(job, stdin)
        for process, said, wrong in running:
            if process.wait() != 0:
                wrong.seek(0)
                lines = wrong.read().decode(errors="replace").strip().splitlines()
                raise UserError(f"a process that read entries ended: {lines[-1] if lines else 'killed'}", exit_code=5)
            said.seek(0)
            yield from _loaded(said)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _loaded(file: IO[bytes]) -> Iterator[Columns]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
