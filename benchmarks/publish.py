"""Write the tables of README.md and docs/ from the committed figures, or check that they are the same.

    python benchmarks/publish.py [--check]

A table stands between ``<!-- table NAME -->`` and ``<!-- end NAME -->``. It is what ``published(figures)`` of
``benchmarks/NAME.py`` makes of ``benchmarks/results/NAME.json``; ``NAME.PART`` asks ``published_PART(figures)``. A
script that reads the figures of others has no file of its own. No figure is typed by hand. Exit code 1 if a file
differs (``--check``).
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BLOCK = re.compile(r"(<!-- table (?P<name>[\w.-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
MARK = re.compile(r"<!-- (?:table|end) ([\w.-]+) -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite or check every table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name the files that differ")
    asked = parser.parse_args(arguments)
    made = {path: renewed(path) for path in pages()}
    stale = [path for path, text in made.items() if text != path.read_text(encoding="utf-8")]
    for path in stale:
        if not asked.check:
            path.write_text(made[path], encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'differs from' if asked.check else 'renewed from'} the committed figures")
    return int(asked.check and bool(stale))


def pages() -> list[Path]:
    """README.md and the pages under docs/ that hold a table."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if MARK.search(path.read_text(encoding="utf-8"))]


def renewed(path: Path) -> str:
    """The text of ``path`` with every table made anew.

    Raises:
        ValueError: a mark without its partner.
    """
    text = path.read_text(encoding="utf-8")
    blocks = [match["name"] for match in BLOCK.finditer(text)]
    if sorted(MARK.findall(text)) != sorted(blocks * 2):
        raise ValueError(f"{path.relative_to(ROOT)}: a table lacks its begin or its end")
    return BLOCK.sub(lambda match: match[1] + "\n".join(["", *table(match["name"]), "", match[3]]), text)


def table(name: str) -> list[str]:
    """Markdown lines of ``name`` ("script" or "script.part")."""
    script, _, part = name.partition(".")
    make = getattr(importlib.import_module(script), f"published_{part}" if part else "published")
    path = RESULTS / f"{script}.json"
    lines: list[str] = make(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else make()
    return lines


if __name__ == "__main__":
    sys.exit(main())
