"""Build the function's zip without Docker: this repository's packages, pinned wheels, the compiled trees.

The one builder serves the deployment (Linux arm64, Python 3.13) and the local run (this machine's architecture and
interpreter); only the wheels that hold compiled code differ between the two.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from infra.bytecode import bytecode, interpreter
from infra.trees import LIBRARY, TreesError, build_trees

__all__ = ["Arch", "BuildError", "FunctionPackage", "build_function_zip", "package_sizes"]

Arch = Literal["arm64", "x86_64"]

ROOT = Path(__file__).resolve().parent.parent
# What the deployed function imports of this repository: the kernel without its command line, the agents, the function.
OWN_PACKAGES = ("understudy", "agents", "lambda_app")
NOT_SHIPPED = (
    "understudy/cli/",
    "understudy/client/",
    "understudy/console/",
    "understudy/local/",
    "understudy/progress.py",
    "understudy/records/",
    "understudy/stages.py",
    "lambda_app/trees/",  # compiled into lib/
)
DEPENDENCIES = (
    "pydantic",
    "pydantic_core",
    "annotated-types",
    "typing_extensions",
    "typing-inspection",
    "boto3",
    "botocore",
    "jmespath",
    "s3transfer",
    "urllib3",
    "python-dateutil",
    "six",
    "cryptography",
    "cffi",
)
# botocore ships 25 MB of models for every service; the function calls these.
SERVICES = ("bedrock-runtime", "dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts")
MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}
EPOCH = (1980, 1, 1, 0, 0, 0)


class BuildError(RuntimeError):
    """The zip could not be built; the message says which part and what to do."""


class FunctionPackage:
    """The files of the function for one architecture and Python version, and the zip made of them."""

    def __init__(self, arch: Arch, python: str, cache: Path) -> None:
        self._arch = arch
        self._python = python
        self._wheels = cache / f"{arch}-py{python}"

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield (name in the zip, content), unordered."""
        yield from _own_files()
        pins = _pins()
        self._download([f"{name}=={pins[_key(name)]}" for name in DEPENDENCIES])
        for name in DEPENDENCIES:
            yield from _wheel_files(self._wheel(name, pins))
        try:
            yield f"lib/{LIBRARY}", build_trees(MACHINE[self._arch]).read_bytes()
        except TreesError as error:
            raise BuildError(str(error)) from None

    def _wheel(self, name: str, pins: dict[str, str]) -> Path:
        stem = f"{_key(name)}-{pins[_key(name)]}-"
        found = [path for path in self._wheels.glob("*.whl") if _key(path.name).startswith(_key(stem))]
        if len(found) != 1:
            raise BuildError(f"{len(found)} wheels for {name} in {self._wheels}; delete that folder and build again")
        return found[0]

    def _download(self, requirements: list[str]) -> None:
        stamp = self._wheels / hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:16]
        if stamp.exists():
            return
        machine = MACHINE[self._arch]
        platforms = [
            f"{tag}_{machine}" for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28")
        ]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", self._python, "--implementation", "cp", "--dest", str(self._wheels)]
        for platform in platforms:
            command += ["--platform", platform]
        done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise BuildError(
                f"wheels for {self._arch}, Python {self._python}: {'; '.join(reasons) or done.stderr[-500:]}"
            )
        stamp.touch()


def build_function_zip(out: Path, *, arch: Arch = "arm64", python: str = "3.13", cache: Path | None = None) -> Path:
    """Write the function's zip to ``out``: same sources, pins and interpreter, same bytes.

    If this machine has an interpreter of the target's version, the zip also holds bytecode (see `infra.bytecode`).

    Args:
        out: Path of the zip.
        arch: ``arm64`` (deployed by default) or ``x86_64``.
        python: Interpreter version of the compiled wheels, ``major.minor``.
        cache: Where downloaded wheels stay (default ``build/wheels``); with a full cache no network is used.

    Raises:
        BuildError: a wheel for the target does not exist or cannot be downloaded.
    """
    package = FunctionPackage(arch, python, cache or ROOT / "build" / "wheels")
    files = dict(package.files())
    executable = interpreter(python)
    if executable is not None:
        files |= bytecode(files, executable)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f".{out.name}.{os.getpid()}.part")  # two builds at once do not meet
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = (0o100755 if ".so" in name else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    scratch.replace(out)
    return out


def package_sizes(path: Path) -> dict[str, int]:
    """Unzipped bytes per top-level entry of a function zip."""
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            top = info.filename.split("/", 1)[0]
            sizes[top] = sizes.get(top, 0) + info.file_size
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _own_files() -> Iterator[tuple[str, bytes]]:
    for package in OWN_PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in name and not name.startswith(NOT_SHIPPED):
                yield name, path.read_bytes()


def _wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and _shipped(name):
                yield name, archive.read(name)


def _shipped(name: str) -> bool:
    parts = name.split("/")
    if parts[0] == "botocore" and parts[1] == "data" and len(parts) > 3:
        return parts[2] in SERVICES
    if parts[0] == "cffi":  # cryptography needs the compiled backend only
        return False
    if parts[0] == "boto3" and parts[1] == "data":
        return parts[2] in SERVICES
    if parts[0].endswith(".dist-info"):  # licences travel with the code they cover; the rest is the installer's
        return "license" in name.lower() or parts[-1] == "METADATA"
    # botocore.docs stays: the client itself imports it.
    return not name.endswith((".pyi", "/docs.bcdoc")) and parts[:2] != ["boto3", "examples"]


def _key(name: str) -> str:
    return name.lower().replace("-", "_")


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {_key(name): version.strip() for name, version in pairs}
