"""The command line, and the only place where training and serving meet: it composes the stages, lazily."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run ``understudy``; errors for people are printed without a traceback and set the exit code."""
    # Threads that wait for each other must sleep, not spin: beside other load a spinning wait makes training ten times
    # slower. The OpenMP runtimes read this when they are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from rich.console import Console

    from understudy.cli.app import app
    from understudy.errors import UserError

    try:
        app(standalone_mode=False)
    except UserError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]Stopped.[/] {_escaped(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The same command goes on from the last finished step.")
        sys.exit(130)
    except Exception as error:
        sys.exit(_usage_exit_code(error))


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _usage_exit_code(error: Exception) -> int:
    import click

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, click.Abort):
        return 130
    raise error
