"""Servers that are compared: each on one core, asked from another, with the processor time that it took."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _timing import percentile

__all__ = ["Contender", "Round", "Server", "cpu_seconds", "running"]

BENCHMARKS = Path(__file__).resolve().parent
START_SECONDS = 60.0


@dataclass(frozen=True)
class Contender:
    """How a server is started; ``{port}`` is filled in. Without a port it is the loop that takes seconds by line."""

    command: list[str]
    environment: Mapping[str, str]
    path: list[Path]
    loop: bool = False


@dataclass
class Round:
    """What was seen in one turn of one contender."""

    requests: int
    errors: int
    seconds: float
    cpu_seconds: float
    ms: list[float] = field(repr=False)

    def figures(self) -> dict[str, float]:
        """Rates and percentiles."""
        return {
            "per_s": self.requests / self.seconds,
            "per_core_s": self.requests / self.cpu_seconds,
            "p50_ms": percentile(self.ms, 0.5),
            "p99_ms": percentile(self.ms, 0.99),
        }


class Server:
    """A running contender, on the first of the cores; requests come from the last."""

    def __init__(self, contender: Contender, log: Path) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._asking = cores[-1]
        self._loop = contender.loop
        self.port = _free_port()
        command = [part.replace("{port}", str(self.port)) for part in contender.command]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}
        environment |= {"PYTHONPATH": os.pathsep.join(map(str, contender.path)), "OMP_NUM_THREADS": "1"}
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                env=environment | dict(contender.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if self._loop else out,
                stderr=out,
                preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
            )

    def wait(self, customer: str) -> None:
        """Until it answers.

        Raises:
            RuntimeError: it did not within a minute, or ended.
        """
        deadline = time.monotonic() + START_SECONDS
        body = json.dumps({"customer_id": customer}).encode()
        url = f"http://127.0.0.1:{self.port}/v1/recommendations"
        while not self._loop:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.process.args} does not answer")
            try:
                asked = urllib.request.Request(url, body, {"content-type": "application/json"})
                with urllib.request.urlopen(asked, timeout=5) as response:
                    response.read()
                return
            except urllib.error.HTTPError as error:
                raise RuntimeError(f"{self.process.args} answers {error.code}: {error.read()[:300]!r}") from None
            except OSError:
                time.sleep(0.1)

    def turn(self, names: list[str], connections: int, seconds: float) -> Round:
        """Ask for ``seconds``."""
        before, begun = cpu_seconds(self.process.pid), time.perf_counter()
        found = self._by_line(seconds) if self._loop else self._by_http(names, connections, seconds)
        took = found.get("seconds", time.perf_counter() - begun)
        times: list[float] = found["ms"]
        return Round(len(times), found["errors"], took, cpu_seconds(self.process.pid) - before, times)

    def _by_http(self, names: list[str], connections: int, seconds: float) -> dict[str, Any]:
        command = [sys.executable, str(BENCHMARKS / "_closed_loop.py"), str(self.port), str(connections), str(seconds)]
        done = subprocess.run(
            [*command, "--core", str(self._asking)],
            input=json.dumps(names),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _by_line(self, seconds: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        self.process.stdin.flush()
        return {"ms": json.loads(self.process.stdout.readline()), "errors": 0}

    def close(self) -> None:
        """End it and whatever it started."""
        members = family(self.process.pid)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(3)


def family(first: int) -> list[int]:
    """The process ``first`` and all that it, and they, have started; also those with a session of their own."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [first]
    for member in found:
        found += [pid for pid, parent in parents.items() if parent == member]
    return found


def cpu_seconds(first: int) -> float:
    """Processor time of all of them so far."""
    ticks = 0
    for pid in family(first):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(wanted: Mapping[str, Contender], log: Path) -> Iterator[dict[str, Server]]:
    """All of them at once: who is not asked, sleeps."""
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, contender in wanted.items():
            servers[name] = Server(contender, log)
            stack.callback(servers[name].close)
            servers[name].wait("c-0")
        yield servers
