"""A process that reads its part of a day: the job comes by standard input, `Columns` leave by standard output."""

from __future__ import annotations

import os
import pickle
import sys

from agents.evidence.entries import read_part

__all__: list[str] = []


def _main() -> None:
    job = pickle.load(sys.stdin.buffer)
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # nothing that prints may get among the pickles
        for piece in read_part(job):
            pickle.dump(piece, out, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _main()
