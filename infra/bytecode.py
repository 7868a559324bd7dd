"""Compile the package's modules for the interpreter that will run them, so that a cold start compiles nothing.

A function's directory is read-only and every environment starts from the zip: without bytecode, each cold start
compiles every module it imports again, which takes longer than all the rest of the start. The bytecode is of the
"unchecked hash" kind (PEP 552): it holds no times, and is used without a look at its source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["bytecode", "interpreter"]

# Where a function lies when it runs: what a traceback says.
TASK_ROOT = "/var/task"
SCRIPT = f"""
import os, py_compile, sys
root, out, names = sys.argv[1:4]
for name in open(names, encoding="utf-8").read().splitlines():
    target = os.path.join(out, name + "c")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    py_compile.compile(os.path.join(root, name), target, os.path.join({TASK_ROOT!r}, name), doraise=True,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, quiet=2)
print(sys.implementation.cache_tag)
"""


def interpreter(python: str) -> str | None:
    """An interpreter of version ``python`` (``major.minor``) on this machine, or None.

    Looked for: the running one, then ``PATH``, then pyenv's versions.
    """
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{python}"), *map(str, sorted(pyenv.glob(f"{python}.*/bin/python")))]
    return next((path for path in found if path and _is(path, python)), None)


def _is(path: str, python: str) -> bool:
    # pyenv puts shims of all its versions on the path, which then refuse to run.
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-S", "-c", code], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == python


def bytecode(files: Mapping[str, bytes], executable: str) -> dict[str, bytes]:
    """Name in the zip -> bytecode, for every module of ``files``; the same bytes for the same interpreter.

    Raises:
        subprocess.CalledProcessError: a module does not compile; its standard error says which.
    """
    names = sorted(name for name in files if name.endswith(".py"))
    with tempfile.TemporaryDirectory(prefix="bytecode-") as scratch:
        source, out, listed = Path(scratch, "source"), Path(scratch, "out"), Path(scratch, "names")
        for name in names:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(files[name])
        listed.write_text("\n".join(names), encoding="utf-8")
        done = subprocess.run(
            [executable, "-S", "-c", SCRIPT, str(source), str(out), str(listed)],
            env={"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")},
            capture_output=True,
            text=True,
            check=True,
        )
        tag = done.stdout.strip()
        return {_cached(name, tag): (out / f"{name}c").read_bytes() for name in names}


def _cached(name: str, tag: str) -> str:
    path = Path(name)
    return (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").as_posix()
