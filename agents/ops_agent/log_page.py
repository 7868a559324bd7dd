"""The nightly verification of the log as a page."""

from __future__ import annotations

from understudy.contracts.watch import AuditReport
from understudy.page import badge, document, join, section, tag

__all__ = ["render_log"]

_VERDICTS = {
    "clean": ("pass", "Every entry is what its writer wrote."),
    "damaged": ("fail", "The log is not what its writers wrote."),
    "empty": ("unknown", "There was nothing to verify, which is what a wiped log looks like too."),
}


def render_log(report: AuditReport) -> str:
    """One self-contained page."""
    state = report.log
    assert state is not None, "a nightly audit has verified the log"
    status, verdict = _VERDICTS[state.verdict]
    signed = state.last_checkpoint
    facts = [
        ("Verified at", state.at),
        ("Entries", f"{state.entries:,} of {state.writers} writers"),
        ("Signed checkpoints", "none were given" if state.checkpoints is None else f"{state.checkpoints:,}"),
        ("Entries that they cover", f"{state.covered:,}"),
        ("Newest checkpoint", "-" if signed is None else f"{signed.number} of {signed.at}, root {signed.root}"),
    ]
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", text, class_="hash")) for name, text in facts]
    head = join(
        tag("p", "Understudy: nightly audit", class_="kicker"),
        tag("h1", f"{report.last}: {report.risk} risk"),
        tag("p", badge(status), " ", tag("strong", verdict), class_="headline"),
    )
    parts = [head, section("log", "The audit log", tag("table", tag("tbody", *rows)))]
    if state.bad:
        bad = [tag("li", f"Writer {b.writer}, entry {b.seq}: {b.problem}: {b.detail}") for b in state.bad]
        parts.append(section("bad", "First bad entry of each writer", tag("ul", *bad)))
    return document(f"Nightly audit of {report.last}", parts)
