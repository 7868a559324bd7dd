"""The function zip: deterministic, small, the same sources for every target."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import pytest

from infra import bundling, trees

HOST = f"{sys.version_info.major}.{sys.version_info.minor}"
COMPILED = ("lib/", "pydantic_core/", "cryptography/", "_cffi_backend")


@pytest.fixture(scope="session")
def zips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("zips")
    return {
        "deployed": bundling.build_function_zip(folder / "arm.zip", arch="arm64", python="3.13"),
        "local": bundling.build_function_zip(folder / "x86.zip", arch="x86_64", python=HOST),
    }


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_inputs_give_the_same_bytes(zips: dict[str, Path], tmp_path: Path) -> None:
    again = bundling.build_function_zip(tmp_path / "again.zip", arch="arm64", python="3.13")
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(zips["deployed"].read_bytes()).digest()


def test_what_is_tested_locally_is_what_is_deployed(zips: dict[str, Path]) -> None:
    deployed, local = contents(zips["deployed"]), contents(zips["local"])
    plain = {name for name in deployed.keys() | local.keys() if not _compiled(name)}
    assert {name for name in plain if deployed.get(name) != local.get(name)} == set()
    assert "lambda_app/handler.py" in plain
    assert any(name.startswith("agents/safety_gate/rules/") for name in plain), "the safety rules must travel"


def _compiled(name: str) -> bool:
    return name.startswith(COMPILED) or "pydantic_core" in name or name.endswith(".pyc")


def test_the_package_holds_no_training_code_and_stays_small(zips: dict[str, Path]) -> None:
    files = contents(zips["deployed"])
    tops = {name.split("/")[0] for name in files}
    assert not tops & {"torch", "lightgbm", "numpy", "scipy", "pandas", "sklearn", "duckdb", "pyarrow", "teacher"}
    assert not any(name.startswith("understudy/cli/") for name in files)
    assert sum(map(len, files.values())) <= 80_000_000


def test_the_watching_agents_have_a_zip_of_their_own(zips: dict[str, Path], tmp_path: Path) -> None:
    built = bundling.build_watch_zip(tmp_path / "watch.zip", arch="arm64", python="3.13")
    files = contents(built)
    tops = {name.split("/")[0] for name in files}
    assert {"agents", "understudy", "numpy", "onnxruntime", "boto3"} <= tops
    assert not tops & {"torch", "lightgbm", "scipy", "pandas", "sklearn", "duckdb", "pyarrow", "lambda_app", "teacher"}
    assert "agents/watch/handlers.py" in files
    assert "numpy/typing/__init__.py" in files
    assert not [name for name in files if "/tests/" in name]
    assert sum(map(len, files.values())) <= 200_000_000  # Lambda takes 250 MB
    serving = contents(zips["deployed"])
    assert not [name for name in serving if name.startswith(("agents/watch/", "agents/monitors/", "agents/jury/"))]


def test_other_sources_pins_or_targets_are_another_zip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = bundling.inputs_of(bundling.SERVING, "arm64", "3.13")
    assert bundling.inputs_of(bundling.SERVING, "arm64", "3.13") == first
    assert bundling.inputs_of(bundling.SERVING, "x86_64", "3.13") != first
    assert bundling.inputs_of(bundling.WATCHING, "arm64", "3.13") != first
    pins = bundling._pins() | {"boto3": "0.0.0"}
    monkeypatch.setattr(bundling, "_pins", lambda: pins)
    assert bundling.inputs_of(bundling.SERVING, "arm64", "3.13") != first


def test_a_module_comes_with_bytecode_that_is_used_without_a_look_at_its_source(zips: dict[str, Path]) -> None:
    files = contents(zips["local"])
    tag = sys.implementation.cache_tag
    modules = {name for name in files if name.endswith(".py")}
    cached = {name for name in files if name.endswith(f".{tag}.pyc")}
    assert len(modules) == len(cached)
    header = files[f"lambda_app/__pycache__/handler.{tag}.pyc"][:16]
    assert header[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(header[4:8], "little") == 1  # hash-based, unchecked (PEP 552)


def test_without_an_interpreter_of_the_target_there_is_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda python: None)
    zipped = bundling.build_function_zip(tmp_path / "f.zip", arch="arm64", python="3.13")
    assert not any(name.endswith(".pyc") for name in contents(zipped))


def test_each_library_is_built_for_its_architecture(zips: dict[str, Path]) -> None:
    # ELF header, e_machine: 0x3E is x86-64, 0xB7 is aarch64.
    for target, machine in (("deployed", 0xB7), ("local", 0x3E)):
        files = contents(zips[target])
        library = files["lib/libtrees.so"]
        assert library[:4] == b"\x7fELF"
        assert library[18] == machine


def test_the_trees_are_the_same_bytes_however_often_they_are_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = {machine: trees.build_trees(machine).read_bytes() for machine in ("x86_64", "aarch64")}
    monkeypatch.setattr(trees, "ROOT", tmp_path)
    assert {machine: trees.build_trees(machine).read_bytes() for machine in built} == built


def test_the_compiler_is_found_by_an_interpreter_whose_name_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is where a PATH like ``.venv/bin`` has found it."""
    monkeypatch.setattr(trees, "ROOT", tmp_path)
    monkeypatch.setattr(trees.sys, "executable", os.path.relpath(sys.executable))
    assert trees.build_trees("x86_64").exists()


def test_without_a_compiler_the_build_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "ROOT", tmp_path)
    monkeypatch.setattr(trees.sys, "executable", "/bin/false")
    with pytest.raises(bundling.BuildError, match="trees for aarch64 could not be compiled"):
        dict(bundling.FunctionPackage("arm64", "3.13", bundling.ROOT / "build" / "wheels").files())


def test_a_target_without_wheels_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(bundling.BuildError, match=r"Python 3\.2"):
        bundling.build_function_zip(tmp_path / "f.zip", arch="arm64", python="3.2", cache=tmp_path / "cache")
