"""A function package, served: a pool of execution environments behind one URL."""

from __future__ import annotations

import json
import queue
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from understudy.errors import UserError
from understudy.local.client import link_client
from understudy.local.environment import Environment, FunctionError, FunctionTimeout
from understudy.local.front import Front

__all__ = ["LocalFunction"]


class LocalFunction:
    """Run a function package under the Lambda runtime client, and answer HTTP for it, while the ``with`` block lasts.

    Each environment answers one event at a time, as in Lambda; further requests wait. An environment that dies or
    does not answer in time is replaced by a cold one.

    Args:
        package: Directory or zip of the function (what is deployed, or the source tree).
        env: Environment variables of the function; of this process's own it gets PATH and the like only.
        workers: Number of environments.
        port: Port on 127.0.0.1; 0 takes a free one.
        timeout: Seconds that an invocation may take.
        handler: ``module.function``.
        log: File to which the function's output is appended; default: this process's standard error.
        executable: Interpreter; default: this process's own.
        client: Folder of the Lambda runtime client for ``executable``; default: the installed one.

    A zip is run as in the cloud: it sees itself and the runtime client, and nothing that happens to be installed here.
    """

    def __init__(
        self,
        package: Path,
        env: Mapping[str, str],
        *,
        workers: int = 1,
        port: int = 0,
        timeout: float = 30.0,
        handler: str = "lambda_app.handler.handler",
        log: Path | None = None,
        executable: str = sys.executable,
        client: Path | None = None,
    ) -> None:
        self._package = package.resolve()
        self._variables = dict(env)
        self._workers = workers
        self._port = port
        self._timeout = timeout
        self._handler = handler
        self._log = log
        self._executable = executable
        self._client = client
        self._scratch: Path | None = None
        self._environments: list[Environment] = []
        self._idle: queue.Queue[Environment] = queue.Queue()
        self._front: Front | None = None

    @property
    def url(self) -> str:
        """Base URL of the HTTP front."""
        if self._front is None:
            raise RuntimeError("the function is not running: use it in a with statement")
        return self._front.url

    @property
    def pids(self) -> list[int]:
        """Process ids of the running environments."""
        return [environment.pid for environment in self._environments if environment.pid is not None]

    def __enter__(self) -> LocalFunction:
        try:
            root = self._task_root()
            self._environments = [
                Environment(
                    root, self._handler, self._variables, self._log, client=self._client, executable=self._executable
                )
                for _ in range(self._workers)
            ]
            with ThreadPoolExecutor(self._workers) as starters:
                list(starters.map(Environment.start, self._environments))
            for environment in self._environments:
                self._idle.put(environment)
            self._front = Front(self.invoke, self._port)
        except OSError as error:
            self._close()
            fix = "Choose another port, or 0 for a free one."
            raise UserError(f"the function cannot be served: {error}", fix=fix) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Let the next free environment answer ``event``.

        Raises:
            FunctionError: the function raised or died.
            FunctionTimeout: no environment was free, or the function did not answer, in time.
        """
        body = json.dumps(event).encode()
        try:
            environment = self._idle.get(timeout=self._timeout)
        except queue.Empty:
            raise FunctionTimeout(f"no environment was free within {self._timeout:g} s") from None
        try:
            answer = environment.invoke(body, self._timeout)
        finally:
            self._idle.put(environment)
        try:
            return json.loads(answer)
        except ValueError:
            raise FunctionError("the function's answer is not JSON") from None

    def _task_root(self) -> Path:
        if self._package.is_dir():
            return self._package
        self._scratch = Path(tempfile.mkdtemp(prefix="function-"))
        root = self._scratch / "task"
        with zipfile.ZipFile(self._package) as archive:
            archive.extractall(root)
        if self._client is None:
            self._client = link_client(self._scratch / "client")
        return root

    def _close(self) -> None:
        if self._front is not None:
            self._front.close()
            self._front = None
        for environment in self._environments:
            environment.stop()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
