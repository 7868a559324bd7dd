"""Build the functions' zips without Docker: this repository's packages, pinned wheels, the compiled trees.

The one builder serves the deployment (Linux arm64, Python 3.13) and the local run (this machine's architecture and
interpreter); only the wheels that hold compiled code differ between the two.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.bytecode import bytecode, interpreter
from infra.trees import LIBRARY, TreesError, build_trees

__all__ = [
    "SERVING",
    "WATCHING",
    "Arch",
    "BuildError",
    "FunctionPackage",
    "Recipe",
    "build_function_zip",
    "build_watch_zip",
    "inputs_of",
    "package_sizes",
]

Arch = Literal["arm64", "x86_64"]

ROOT = Path(__file__).resolve().parent.parent
# Agents that work by the clock, in a zip of their own.
WATCHERS = ("audit_agent", "checklist", "evaluation", "evidence", "jury", "monitors", "ops_agent", "watch")
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


@dataclass(frozen=True)
class Recipe:
    """What a zip holds.

    Attributes:
        own: Packages of this repository.
        left_out: Beginnings of names in them that are not shipped.
        dependencies: Pinned distributions.
        services: Of botocore's 25 MB of service models, those that are called.
        trees: Whether the compiled trees come along.
        starts_often: Whether the time to start matters: then bytecode comes along, and the zip is packed tightly.
    """

    own: tuple[str, ...]
    left_out: tuple[str, ...]
    dependencies: tuple[str, ...]
    services: tuple[str, ...]
    trees: bool
    starts_often: bool


# What answers requests: the kernel without its command line, the agents beside a request, the function.
SERVING = Recipe(
    own=("understudy", "agents", "lambda_app"),
    left_out=(
        "understudy/cli/",
        "understudy/client/",
        "understudy/console/",
        "understudy/local/",
        "understudy/progress.py",
        "understudy/records/",
        "understudy/stages.py",
        *(f"agents/{name}/" for name in WATCHERS),
        "lambda_app/trees/",  # compiled into lib/
    ),
    dependencies=DEPENDENCIES,
    services=("bedrock-runtime", "dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts"),
    trees=True,
    starts_often=True,
)
# What watches by the clock; it may compute with numpy and score with onnxruntime.
WATCHING = Recipe(
    own=("understudy", "agents"),
    left_out=(
        "understudy/cli/",
        "understudy/client/",
        "understudy/console/",
        "understudy/local/",
        "understudy/records/",
    ),
    dependencies=(*DEPENDENCIES, "numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf"),
    services=(
        "bedrock-runtime",
        "cloudwatch",
        "dynamodb",
        "events",
        "kms",
        "lambda",
        "s3",
        "secretsmanager",
        "sns",
        "sts",
    ),
    trees=False,
    starts_often=False,
)
# Of wheels, what no function runs: tests, stubs, compilers' headers and tools for making models.
UNUSED = re.compile(
    r"(.*/)?tests?/|.*\.(pyi|pxd|h|lib|a)$|.*/docs\.bcdoc$|numpy/(f2py|doc|_core/include)/"
    r"|onnxruntime/(transformers|quantization|tools|datasets|backend)/|boto3/examples/"
)
MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}
EPOCH = (1980, 1, 1, 0, 0, 0)


class BuildError(RuntimeError):
    """The zip could not be built; the message says which part and what to do."""


class FunctionPackage:
    """The files of a zip for one architecture and Python version."""

    def __init__(self, arch: Arch, python: str, cache: Path, recipe: Recipe = SERVING) -> None:
        self._recipe = recipe
        self._arch = arch
        self._python = python
        self._wheels = cache / f"{arch}-py{python}"

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield (name in the zip, content), unordered."""
        recipe = self._recipe
        yield from _own_files(recipe)
        pins = _pins()
        self._download([f"{name}=={pins[_key(name)]}" for name in recipe.dependencies])
        for name in recipe.dependencies:
            yield from _wheel_files(self._wheel(name, pins), recipe.services)
        if not recipe.trees:
            return
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
    return _build(SERVING, out, arch, python, cache)


def build_watch_zip(out: Path, *, arch: Arch = "arm64", python: str = "3.13", cache: Path | None = None) -> Path:
    """Write the zip of the scheduled agents to ``out``, as `build_function_zip` does the function's.

    It is three times as large (numpy 50 MB, onnxruntime 52 MB unzipped; Lambda takes 250): they run once a night, so
    the time that it takes to start does not matter.

    Raises:
        BuildError: a wheel for the target does not exist or cannot be downloaded.
    """
    return _build(WATCHING, out, arch, python, cache)


def _build(recipe: Recipe, out: Path, arch: Arch, python: str, cache: Path | None) -> Path:
    package = FunctionPackage(arch, python, cache or ROOT / "build" / "wheels", recipe)
    files = dict(package.files())
    executable = interpreter(python) if recipe.starts_often else None
    if executable is not None:
        files |= bytecode(files, executable)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f".{out.name}.{os.getpid()}.part")  # two builds at once do not meet
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=6 if recipe.starts_often else 1) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = (0o100755 if ".so" in name else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    scratch.replace(out)
    return out


def inputs_of(recipe: Recipe, arch: Arch, python: str) -> str:
    """A hash of all that the zip's bytes depend on but the wheels' own, which the pins name."""
    pins = _pins()
    digest = hashlib.sha256(f"{arch} {python} {interpreter(python)}\n".encode())
    digest.update("\n".join(f"{name}=={pins[_key(name)]}" for name in recipe.dependencies).encode())
    for source in (Path(__file__), Path(__file__).with_name("bytecode.py"), Path(__file__).with_name("trees.py")):
        digest.update(source.read_bytes())
    own = Recipe(recipe.own, (), (), (), trees=False, starts_often=False)  # the trees' sources too
    for name, content in _own_files(own):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def package_sizes(path: Path) -> dict[str, int]:
    """Unzipped bytes per top-level entry of a function zip."""
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            top = info.filename.split("/", 1)[0]
            sizes[top] = sizes.get(top, 0) + info.file_size
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _own_files(recipe: Recipe) -> Iterator[tuple[str, bytes]]:
    for package in recipe.own:
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in name and not name.startswith(recipe.left_out):
                yield name, path.read_bytes()


def _wheel_files(wheel: Path, services: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and _shipped(name, services):
                yield name, archive.read(name)


def _shipped(name: str, services: tuple[str, ...]) -> bool:
    parts = name.split("/")
    if parts[0] == "botocore" and parts[1] == "data" and len(parts) > 3:
        return parts[2] in services
    if parts[0] == "cffi":  # cryptography needs the compiled backend only
        return False
    if parts[0] == "boto3" and parts[1] == "data":
        return parts[2] in services
    if parts[0].endswith(".dist-info"):  # licences travel with the code they cover; the rest is the installer's
        return "license" in name.lower() or parts[-1] == "METADATA"
    # botocore.docs stays: the client itself imports it.
    return not UNUSED.match(name)


def _key(name: str) -> str:
    return name.lower().replace("-", "_")


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {_key(name): version.strip() for name, version in pairs}
