"""Compile the function's trees for an architecture, from any machine: ``python -m infra.trees``.

The compiler is the ``ziglang`` wheel (clang with every target built in): pinned, the same on every machine, so that the
same sources give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

__all__ = ["TreesError", "build_trees"]

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lambda_app" / "trees"
LIBRARY = "libtrees.so"
# Symbols of the C library are found in the interpreter's process, whatever its version is.
TARGET = "{machine}-linux-gnu"


class TreesError(RuntimeError):
    """The library could not be compiled."""


def build_trees(machine: str) -> Path:
    """Compile for ``machine`` (``x86_64``, ``aarch64``), unless these very sources were compiled before.

    Raises:
        TreesError: there is no compiler, or it failed; carries its words.
    """
    out = ROOT / "build" / "trees" / f"{_digest()}-{machine}" / LIBRARY
    if out.exists():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f".{os.getpid()}.part")  # two builds at once do not meet
    sources = sorted(path.name for path in SOURCES.glob("*.c"))
    flags = (SOURCES / "flags.txt").read_text(encoding="utf-8").split()
    # Absolute, for the compiler runs elsewhere: found through a relative PATH, this interpreter's name is relative too.
    command = [
        os.path.abspath(sys.executable),
        "-m",
        "ziglang",
        "cc",
        "-target",
        TARGET.format(machine=machine),
        *flags,
    ]
    done = subprocess.run(
        [*command, "-o", str(scratch), *sources], cwd=SOURCES, capture_output=True, text=True, check=False
    )
    if done.returncode:
        fix = "; install ziglang" if "No module named ziglang" in done.stderr else ""
        raise TreesError(f"the trees for {machine} could not be compiled: {done.stderr.strip()[-500:]}{fix}")
    scratch.replace(out)
    return out


def _digest() -> str:
    # The same folder name as lambda_app.native expects; neither package may import the other.
    digest = hashlib.sha256()
    for source in sorted(SOURCES.iterdir()):
        digest.update(f"{source.name}\n".encode() + source.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print(build_trees(platform.machine()))
