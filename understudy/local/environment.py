"""One execution environment: a runtime process that answers one event at a time."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from understudy.local.runtime_api import Outcome, RuntimeApi

__all__ = ["Environment", "FunctionError", "FunctionTimeout"]

INIT_SECONDS = 60.0
STOP_SECONDS = 5.0
# Inherited, because a process cannot start or find its home without them; nothing else leaks into the function.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


class FunctionError(RuntimeError):
    """The function raised, could not start, or its process died."""


class FunctionTimeout(FunctionError):  # noqa: N818 - what Lambda calls it
    """The function did not answer in time; its process was ended."""


class Environment:
    """Started by its first invocation, or by `start`; after a failure it starts again, like a new cold environment."""

    def __init__(
        self,
        task_root: Path,
        handler: str,
        variables: Mapping[str, str],
        log: Path | None,
        *,
        client: Path | None = None,
        executable: str = sys.executable,
    ) -> None:
        """With ``client`` (the folder of the runtime client), the function sees it and its own package, and nothing
        that is installed; without, whatever ``executable`` has."""
        self._task_root = task_root
        self._client = client
        self._executable = executable
        self._handler = handler
        self._variables = dict(variables)
        self._log = log
        self._api: RuntimeApi | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running runtime."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the runtime and wait until it asks for its first event.

        Raises:
            FunctionError: it could not be imported or set up; carries the runtime client's message.
        """
        self._api = RuntimeApi()
        log = self._log.open("ab") if self._log else None
        try:
            self._process = subprocess.Popen(
                [self._executable, *(["-S"] if self._client else []), "-m", "awslambdaric", self._handler],
                env=self._environment(self._api.address),
                cwd=self._task_root,
                stdin=subprocess.DEVNULL,
                stdout=log if log else 2,
                stderr=log if log else 2,
            )
        finally:
            if log:
                log.close()
        threading.Thread(target=self._watch, args=(self._process, self._api), daemon=True).start()
        outcome = self._wait("ready", "", INIT_SECONDS)
        if outcome.kind != "ready":
            self.stop()
            raise FunctionError(f"the function could not start: {outcome.message}")

    def invoke(self, event: bytes, timeout: float) -> bytes:
        """Let the function answer ``event`` within ``timeout`` seconds.

        Raises:
            FunctionError: it raised or died.
            FunctionTimeout: it did not answer in time.
        """
        if self._process is None or self._process.poll() is not None or self._api is None:
            self.stop()
            self.start()
        assert self._api is not None
        request_id = self._api.send(event, timeout)
        outcome = self._wait("response", request_id, timeout)
        if outcome.kind == "error":
            raise FunctionError(f"the function failed: {outcome.message}")
        if outcome.kind != "response":
            self.stop()
            raise FunctionError(f"the function's process ended ({outcome.message})")
        return outcome.body

    def stop(self) -> None:
        """End the process; safe to call twice."""
        process, api, self._process, self._api = self._process, self._api, None, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if api is not None:
            api.close()

    def _wait(self, kind: str, request_id: str, timeout: float) -> Outcome:
        """The next outcome of ``kind`` for ``request_id``, or whatever ended the wait for it."""
        assert self._api is not None
        deadline = time.monotonic() + timeout
        while True:
            try:
                outcome = self._api.outcomes.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.stop()
                raise FunctionTimeout(f"no answer within {timeout:g} s") from None
            expected = outcome.kind == kind or outcome.kind == "error"
            if outcome.kind in ("exit", "init_error") or (expected and outcome.request_id == request_id):
                return outcome

    @staticmethod
    def _watch(process: subprocess.Popen[bytes], api: RuntimeApi) -> None:
        code = process.wait()
        api.outcomes.put(Outcome("exit", f"exit code {code}".encode()))

    def _environment(self, address: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        root = str(self._task_root)
        path = os.pathsep.join([root, *([str(self._client)] if self._client else [])])
        return inherited | {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "understudy",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "LAMBDA_TASK_ROOT": root,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._variables,
        }
