"""The function's package as a CDK asset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, BundlingOutput, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.bundling import ROOT, Arch, build_function_zip

__all__ = ["function_code"]


@jsii.implements(ILocalBundling)
class _Local:
    """Builds where the synthesis runs. It never declines, so that Docker is never asked for."""

    def __init__(self, arch: Arch) -> None:
        self._arch = arch

    def try_bundle(self, output_dir: str, *positional: Any, **options: Any) -> bool:
        del positional, options  # jsii passes the options by position, its type declares them by name
        build_function_zip(Path(output_dir) / "function.zip", arch=self._arch, python="3.13")
        return True


def function_code(arch: Arch = "arm64") -> lambda_.Code:
    """The zip that `infra.bundling.build_function_zip` makes; its hash is that of its bytes, which inputs determine.

    Raises:
        infra.bundling.BuildError: (through the synthesis) a wheel cannot be had.
    """
    return lambda_.Code.from_asset(
        str(ROOT / "lambda_app"),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-used"),
            local=_Local(arch),
            output_type=BundlingOutput.ARCHIVED,
        ),
    )
