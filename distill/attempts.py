"""Keep a record of every attempt at a run: when it began, how it ended, and what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.atomic import write_json
from understudy.contracts._model import read_json
from understudy.contracts.attempts import Attempt, Attempts, Outcome
from understudy.errors import UserError

__all__ = ["NAME", "recorded"]

NAME = "attempts.json"
KEPT = 200
_MEMORY_EVENTS = Path("/sys/fs/cgroup/memory.events")
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")

# Fields of the attempt, as known when it finished.
Finish = Callable[..., None]


@contextmanager
def recorded(root: Path) -> Iterator[Finish]:
    """Write ``root/attempts.json`` when the block begins and when it ends, however it ends.

    Yields a function that takes what is known of the finished run (fields of `Attempt`). An earlier attempt that left
    no word, on a machine whose kernel has since killed for memory, is put down as ``out_of_memory``.
    """
    path = root / NAME
    known: dict[str, Any] = {}
    earlier = [_explained(attempt) for attempt in _read(path)]
    mine = Attempt(began=_now(), oom_kills=_oom_kills())
    _write(path, [*earlier, mine])

    def end(outcome: Outcome, error: str = "") -> None:
        done = mine.model_copy(update={"ended": _now(), "outcome": outcome, "error": error, **known})
        _write(path, [*earlier, done])

    try:
        yield known.update
    except BaseException as error:
        end(_outcome(error), f"{type(error).__name__}: {error}"[:400])
        raise
    end("finished")


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY):
        return "out_of_memory"
    if isinstance(error, UserError):
        return "refused"
    return "failed" if isinstance(error, Exception) else "interrupted"


def _explained(attempt: Attempt) -> Attempt:
    now = _oom_kills()
    if attempt.outcome is None and now is not None and attempt.oom_kills is not None and now > attempt.oom_kills:
        return attempt.model_copy(update={"outcome": "out_of_memory", "error": "killed by the kernel"})
    return attempt


def _oom_kills() -> int | None:
    """How often the kernel has killed for memory in this control group; None where it does not say."""
    try:
        lines = _MEMORY_EVENTS.read_text().split("\n")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def _read(path: Path) -> list[Attempt]:
    return read_json(Attempts, path).attempts if path.exists() else []


def _write(path: Path, attempts: list[Attempt]) -> None:
    write_json(path, Attempts(attempts=attempts[-KEPT:]).model_dump(mode="json"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
