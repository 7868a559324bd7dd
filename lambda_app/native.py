"""Find and open the compiled trees (``lambda_app/trees``)."""

from __future__ import annotations

import ctypes
import hashlib
import platform
from functools import cache
from pathlib import Path

__all__ = ["LIBRARY", "EngineError", "built_here", "library"]

LIBRARY = "libtrees.so"
TASK_ROOT = Path(__file__).resolve().parent.parent
SOURCES = Path(__file__).resolve().parent / "trees"


class EngineError(RuntimeError):
    """The library is missing, or refused a model or a row."""


@cache
def library() -> ctypes.CDLL:
    """The library of the package (``lib/``), or the one that was built for this checkout.

    Raises:
        EngineError: there is none, or it cannot be loaded.
    """
    path = TASK_ROOT / "lib" / LIBRARY
    if SOURCES.is_dir():  # never in a package: a checkout must not run what older sources were compiled to
        path = built_here(platform.machine())
    try:
        lib = ctypes.CDLL(str(path))
    except OSError as error:
        raise EngineError(f"{error}; in a checkout, `python -m infra.trees` builds it") from error
    pointer = ctypes.c_void_p
    lib.trees_load.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(pointer)]
    lib.trees_reason.argtypes, lib.trees_reason.restype = [ctypes.c_int], ctypes.c_char_p
    lib.trees_free.argtypes, lib.trees_free.restype = [pointer], None
    lib.trees_features.argtypes = lib.trees_outputs.argtypes = [pointer]
    lib.trees_raw.argtypes, lib.trees_raw.restype = [pointer, pointer, pointer], None
    lib.trees_raw_each.argtypes = [pointer, ctypes.c_int32, pointer, pointer]
    lib.trees_raw_each.restype = None
    lib.trees_contributions.argtypes = [pointer, pointer, ctypes.c_int, pointer]
    return lib


def built_here(machine: str) -> Path:
    """Where the library for ``machine`` (``x86_64``, ``aarch64``) is built from the sources of this checkout."""
    digest = hashlib.sha256()
    for source in sorted(SOURCES.iterdir()):
        digest.update(f"{source.name}\n".encode() + source.read_bytes())
    return TASK_ROOT / "build" / "trees" / f"{digest.hexdigest()[:16]}-{machine}" / LIBRARY
