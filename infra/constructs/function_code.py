"""The functions' packages as CDK assets."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, BundlingOutput, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.bundling import ROOT, SERVING, WATCHING, Arch, Recipe, build_function_zip, build_watch_zip, inputs_of

__all__ = ["function_code", "watch_code"]

PYTHON = "3.13"
BUILT = ROOT / "build" / "zips"
BUILDERS = {id(SERVING): build_function_zip, id(WATCHING): build_watch_zip}


@jsii.implements(ILocalBundling)
class _Local:
    """Builds where the synthesis runs. It never declines, so that Docker is never asked for."""

    def __init__(self, recipe: Recipe, arch: Arch) -> None:
        self._recipe = recipe
        self._arch = arch

    def try_bundle(self, output_dir: str, *positional: Any, **options: Any) -> bool:
        del positional, options  # jsii passes the options by position, its type declares them by name
        shutil.copyfile(_built(self._recipe, self._arch), Path(output_dir) / "function.zip")
        return True


@cache
def _built(recipe: Recipe, arch: Arch) -> Path:
    """The zip of these very sources, built once: each stack asks for it, and so does the next synthesis."""
    path = BUILT / f"{inputs_of(recipe, arch, PYTHON)}.zip"
    if not path.exists():
        BUILDERS[id(recipe)](path, arch=arch, python=PYTHON)
    return path


def function_code(arch: Arch = "arm64") -> lambda_.Code:
    """The zip that `infra.bundling.build_function_zip` makes; its hash is that of its bytes, which inputs determine.

    Raises:
        infra.bundling.BuildError: (through the synthesis) a wheel cannot be had.
    """
    return _code(SERVING, arch)


def watch_code(arch: Arch = "arm64") -> lambda_.Code:
    """The zip that `infra.bundling.build_watch_zip` makes, in the same way."""
    return _code(WATCHING, arch)


def _code(recipe: Recipe, arch: Arch) -> lambda_.Code:
    return lambda_.Code.from_asset(
        # The CDK tells assets apart by where they come from, not by what builds them.
        str(ROOT / recipe.own[-1]),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-used"),
            local=_Local(recipe, arch),
            output_type=BundlingOutput.ARCHIVED,
        ),
    )
