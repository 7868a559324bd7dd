"""Verify an audit log from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from understudy.errors import UserError

if TYPE_CHECKING:
    from understudy.audit import FsckReport

__all__ = ["check_log"]


def check_log(console: Console, run: Path | None, store: str | None, keys: str | None) -> FsckReport:
    """Re-verify every entry of a log and print what was found.

    Raises:
        UserError: neither a run directory nor a store and its keys were named, or they do not exist.
    """
    from understudy.audit import fsck, open_keyring
    from understudy.cli.serving import ServePaths
    from understudy.stores import open_store

    if run is not None:
        paths = ServePaths(run)
        if not (paths.folder / "store.sqlite").exists():
            raise UserError("no audit log here", where=str(paths.folder), fix="Name a run that has served.")
        store, keys = store or paths.store, keys or paths.keys
    if store is None or keys is None:
        raise UserError("which log?", fix="Give --run DIRECTORY, or --store and --keys.")
    report = fsck(open_store(store), open_keyring(keys))
    console.print(f"Audit     {report.entries} entries of {report.writers} writers: {report.verdict}")
    for bad in report.bad:
        console.print(f"          {bad}", markup=False)
    return report
