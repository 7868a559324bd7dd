"""Writing a study's table into ``docs/results.md``, between its markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.atomic import write_text

__all__ = ["markdown", "publish"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "results.md"
TITLE = "# Results\n"
ABOUT = """From one small file per run under `studies/results/`; giving the command again runs what is missing.
Intervals are 95 %, from the t distribution over seeds; differences are paired by seed. Scores are on test rows."""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; all columns but the first are aligned right."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def publish(study: str, heading: str, lines: Sequence[str], done: int, wanted: int, page: Path | None = None) -> None:
    """Print the section, replace it in the page, and say how many runs it rests on."""
    page = page or PAGE
    begin, end = f"<!-- {study}:begin -->", f"<!-- {study}:end -->"
    body = [f"## {heading}", "", f"`python -m studies.{study}`: {done} of {wanted} runs so far. {ABOUT}", "", *lines]
    section = "\n".join([begin, *body, end])
    print("\n".join(body), flush=True)
    text = page.read_text(encoding="utf-8") if page.exists() else TITLE
    if begin in text:
        before, after = text.partition(begin)[0], text.partition(end)[2]
        text = before + section + after
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    write_text(page, text)
