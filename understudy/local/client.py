"""The Lambda runtime client apart from the environment it is installed in."""

from __future__ import annotations

import importlib.util
from pathlib import Path

__all__ = ["MODULES", "link_client"]

# awslambdaric, its compiled part, and what it imports.
MODULES = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")


def link_client(folder: Path) -> Path:
    """Fill ``folder`` with links to the installed client, so that a package run with it sees nothing else installed.

    Raises:
        ModuleNotFoundError: the client is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"No module named {name!r}; install understudy[serve]", name=name)
        origin = Path(spec.origin)
        target = origin.parent if origin.name.startswith("__init__.") else origin
        link = folder / target.name
        if not link.exists():
            link.symlink_to(target, target_is_directory=target.is_dir())
    return folder
