"""Progress that a person can watch on a terminal and a log can keep: one interface, two renderings."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Advance", "LogProgress", "Progress", "RichProgress", "Silent", "progress_for_terminal"]


class Advance(Protocol):
    """A running task of known length."""

    def __call__(self, steps: int = 1, note: str = "") -> None:
        """Report ``steps`` more steps done; ``note`` replaces the text beside the bar."""


class Progress(Protocol):
    """Shows long work. Stages take one as an argument and never print by themselves."""

    def task(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Open a task of ``total`` steps."""

    def say(self, text: str) -> None:
        """Show one line that stays."""


class Silent:
    """Shows nothing (tests, library use)."""

    @staticmethod
    def _ignore(steps: int = 1, note: str = "") -> None:
        del steps, note

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        del title, total
        yield self._ignore

    def say(self, text: str) -> None:
        del text


class LogProgress:
    """One line when a task starts, at most one every ``every`` seconds, and one when it ends: for logs and CI."""

    def __init__(self, every: float = 10.0) -> None:
        self._every = every

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        started = last = time.monotonic()
        done = 0

        def advance(steps: int = 1, note: str = "") -> None:
            nonlocal done, last
            done += steps
            if time.monotonic() - last >= self._every:
                last = time.monotonic()
                self.say(f"  {title}: {done}/{total} {note}".rstrip())

        yield advance
        self.say(f"  {title}: {done}/{total} in {time.monotonic() - started:.1f} s")


class RichProgress:
    """Bars on a terminal."""

    def say(self, text: str) -> None:
        from rich.console import Console

        Console(stderr=True).print(text)

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Bars(*columns) as bars:
            bar = bars.add_task(title, total=total, note="")

            def advance(steps: int = 1, note: str = "") -> None:
                bars.update(bar, advance=steps, note=note)

            yield advance


def progress_for_terminal() -> Progress:
    """Bars if standard error is a terminal, log lines if not."""
    return RichProgress() if sys.stderr.isatty() else LogProgress()
