"""The command line, and the only place where training and serving meet: it composes the stages, lazily."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run ``understudy``; errors for people are printed without a traceback and set the exit code."""
    # Threads that wait for each other must sleep, not spin: beside other load a spinning wait makes training ten times
    # slower. The OpenMP runtimes read this when they are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(_run())


def _run() -> int:
    import typer
    from rich.console import Console
    from rich.markup import escape

    from understudy.cli.app import app
    from understudy.errors import UserError

    stderr = Console(stderr=True, highlight=False)
    try:
        return int(app(standalone_mode=False) or 0)  # a command that raises typer.Exit(n) makes this n
    except UserError as error:
        stderr.print(f"[bold red]Stopped.[/] {escape(str(error))}", soft_wrap=True)
        return error.exit_code
    except typer.TyperException as error:
        usage: Any = error  # every subclass that typer raises has both, the class itself does not say so
        usage.show()
        return int(usage.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        stderr.print("Interrupted. The same command goes on from the last finished step.")
        return 130
