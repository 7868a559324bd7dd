"""An interpreter that has the comparators too, apart from the environment that the product is developed in."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

__all__ = ["interpreter", "rerun_with_comparators"]

ROOT = Path(__file__).resolve().parents[1]
WANTED = Path(__file__).with_name("comparators.txt")


def interpreter() -> Path:
    """Its path. Built once, from `comparators.txt`; what is missing there is found in this interpreter's packages.

    Raises:
        subprocess.CalledProcessError: the packages could not be installed.
    """
    folder = ROOT / "build" / f"comparators-{hashlib.sha256(WANTED.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print("installing the comparators (once) ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", WANTED], check=True)
        site = next(folder.glob("lib/python*/site-packages"))
        # A path file is read after the folder itself: the comparators' own versions come first.
        (site / "zz_product.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n", encoding="utf-8")
        (folder / "ready").touch()
    return python


def rerun_with_comparators() -> None:
    """Go on in that interpreter; returns only there."""
    python = interpreter()
    if Path(sys.executable) != python:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        os.execve(python, [str(python), *sys.argv], environment)
