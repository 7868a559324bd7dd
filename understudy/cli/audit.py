"""Verify an audit log from the command line."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from understudy.errors import UserError

__all__ = ["check_log"]


def check_log(console: Console, run: Path | None, store: str | None, keys: str | None) -> bool:
    """Re-verify every entry of a log and print what was found; True if it is whole.

    Raises:
        UserError: neither a run directory nor a store and its keys were named, or they do not exist.
    """
    from understudy.audit import Keyring, fsck
    from understudy.cli.serving import ServePaths
    from understudy.stores import open_store

    if run is not None:
        paths = ServePaths(run)
        if not (paths.folder / "store.sqlite").exists():
            raise UserError("no audit log here", where=str(paths.folder), fix="Name a run that has served.")
        store, keys = store or paths.store, keys or paths.keys
    if store is None or keys is None:
        raise UserError("which log?", fix="Give --run DIRECTORY, or --store and --keys.")
    report = fsck(open_store(store), Keyring.open(keys))
    console.print(f"Audit     {report.describe()}")
    return report.clean
