"""Somebody with access to the database changes a decision after the fact."""

from __future__ import annotations

import sqlite3

from understudy.cli.simulation.world import World

__all__ = ["tamper"]


def tamper(world: World, day: str) -> str:
    """Let a decision of ``day`` say that the customer had objected; returns the entry's place."""
    connection = sqlite3.connect(world.paths.folder / "store.sqlite")
    try:
        connection.execute("DROP TRIGGER IF EXISTS entries_never_change")
        found = connection.execute(
            "SELECT writer, seq, body FROM entries WHERE instr(body, ?) AND instr(body, '\"opted_out\":false')"
            " ORDER BY writer, seq LIMIT 1 OFFSET 20",
            (f'"at":"{day}',),
        ).fetchone()
        assert found is not None, f"no decision of {day} to alter"
        writer, seq, body = found
        altered = body.replace('"opted_out":false', '"opted_out":true')
        connection.execute("UPDATE entries SET body = ? WHERE writer = ? AND seq = ?", (altered, writer, seq))
        connection.commit()
    finally:
        connection.close()
    return f"{writer}/{seq}"
