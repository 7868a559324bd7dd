"""Start the emulated cloud, and drive the CDK command against it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3

from infra.bundling import ROOT

__all__ = ["ACCOUNT", "CDK", "REGION", "CdkError", "EmulatedCloud"]

ACCOUNT = "123456789012"
REGION = "us-east-1"
# Pinned: a bare name resolves to another major version, which is not this command.
CDK = "aws-cdk@2.1148.1"
START_SECONDS = 60.0


class CdkError(RuntimeError):
    """A CDK command did not do what it says; the message holds its last words."""


class EmulatedCloud:
    """The services of `infra.emulator.server`, while the ``with`` block lasts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.calls = folder / "calls.jsonl"
        self.log = folder / "server.log"
        self.assembly = folder / "cdk.out"
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> EmulatedCloud:
        command = [sys.executable, "-m", "infra.emulator.server", str(self._port), str(self.calls)]
        with self.log.open("wb") as log:
            environment = {**os.environ, "MOTO_ACCOUNT_ID": ACCOUNT}
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__(None, None, None)
                    raise CdkError(f"the emulator did not start: {self.log.read_text()[-2000:]}") from None
                time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def client(self, service: str) -> Any:
        """A client of an emulated service."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **self._somebody())

    def variables(self) -> dict[str, str]:
        """The environment by which an AWS SDK finds this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            # CloudFormation reads the template from the address that the command gives it; moto wants this host.
            "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": f"http://localhost:{self._port}",
            "AWS_ACCESS_KEY_ID": "DEPLOYER",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def cdk(self, *arguments: str, context: Sequence[str] = ()) -> str:
        """Run one CDK command to its end.

        Raises:
            CdkError: it failed, or Node is not there.
        """
        npx = shutil.which("npx")
        if npx is None:
            raise CdkError("npx is not on this machine: install Node 20 or later")
        given = [part for pair in context for part in ("-c", pair)]
        # The assembly goes to a folder of its own: a deployment by hand may be under way in the default one.
        whole = arguments[0] == "synth"
        out = ["--output", str(self.assembly)] if whole else []
        command = [npx, "--yes", CDK, *arguments, *given, *out]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | self.variables()
        environment |= {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1", "CI": "true"}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            # Without cdk.json beside it, a command that needs no templates synthesises none.
            command,
            cwd=ROOT if whole else self._folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CdkError(f"cdk {' '.join(arguments)}: {(done.stdout + done.stderr)[-4000:]}")
        return done.stdout + done.stderr

    def template(self, stack: str) -> dict[str, Any]:
        """The synthesised template of ``stack``."""
        template: dict[str, Any] = json.loads((self.assembly / f"{stack}.template.json").read_text())
        return template

    def stacks(self) -> list[str]:
        """Names of the synthesised stacks."""
        return sorted(path.name.removesuffix(".template.json") for path in self.assembly.glob("*.template.json"))

    @staticmethod
    def _somebody() -> dict[str, str]:
        return {"aws_access_key_id": "SOMEBODY", "aws_secret_access_key": "none"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
