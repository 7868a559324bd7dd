"""Find and open the official ``lib_lightgbm.so`` without importing the Python package around it."""

from __future__ import annotations

import ctypes
import importlib.metadata
from functools import cache
from pathlib import Path

__all__ = ["EngineError", "library"]

TASK_ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "lib_lightgbm.so"
GOMP = "libgomp.so.1"


class EngineError(RuntimeError):
    """The library is missing, or refused a model or a row; carries the library's own last error."""


@cache
def library() -> ctypes.CDLL:
    """The LightGBM library, limited to one thread; from ``lib/`` beside the packages, else from the installed wheel.

    Raises:
        EngineError: there is no such library, or it cannot be loaded.
    """
    path = _find()
    try:
        gomp = path.with_name(GOMP)
        if gomp.exists():
            # The Lambda runtime has no OpenMP: ours must be in the process before the library looks for its symbols.
            ctypes.CDLL(str(gomp), mode=ctypes.RTLD_GLOBAL)
        lib = ctypes.CDLL(str(path))
    except OSError as error:
        raise EngineError(f"{path}: {error}") from error
    lib.LGBM_GetLastError.restype = ctypes.c_char_p
    # One row is answered faster by one thread than by a team that has to be woken.
    lib.LGBM_SetMaxThreads(ctypes.c_int(1))
    return lib


def _find() -> Path:
    packaged = TASK_ROOT / "lib" / LIBRARY
    if packaged.exists():
        return packaged
    try:
        files = importlib.metadata.files("lightgbm") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == LIBRARY:
            return Path(str(file.locate()))
    raise EngineError(f"{LIBRARY} is neither in {packaged.parent} nor in an installed lightgbm")
