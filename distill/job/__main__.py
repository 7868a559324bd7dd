"""``python -m distill.job --config PATH|s3://bucket/key``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; events go to standard error, one JSON object a line. Returns `run_job`'s exit code."""
    # Threads that wait for each other must sleep, not spin (see understudy.cli).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from distill.job import read_config, run_job
    from distill.job._events import Events
    from understudy.errors import UserError

    parser = argparse.ArgumentParser(
        prog="python -m distill.job", description="Distil, gate, sign and pack one bundle."
    )
    parser.add_argument("--config", required=True, help="JSON file, or s3://bucket/key")
    events = Events(sys.stderr)
    try:
        config = read_config(parser.parse_args(arguments).config)
    except UserError as error:
        events.emit("refused", exit_code=error.exit_code, what=error.what, where=error.where, fix=error.fix)
        return error.exit_code
    return run_job(config, events)


if __name__ == "__main__":
    sys.exit(main())
