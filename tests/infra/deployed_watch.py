"""A part of ``deploy_local``: the scheduled agents, as they were deployed, on the clock of the day after."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["WATCHES", "beside", "watch"]

# Name of the function -> its handler.
WATCHES = {
    "fsck": "nightly_fsck",
    "ops": "nightly_ops",
    "weekly-audit": "weekly_audit",
    "quarterly-audit": "quarterly_audit",
}
# Beside the deployed package: by the handlers' clock the day of the walk is over.
TOMORROW = """\
from datetime import UTC, datetime, timedelta

from agents.watch import handlers
from understudy.clock import turned


def _tomorrow(handler):
    def run(event, context):
        with turned(lambda: datetime.now(UTC) + timedelta(days=1)):
            return handler(event, context)

    return run


nightly_fsck, nightly_ops, weekly_audit, quarterly_audit = map(
    _tomorrow, (handlers.nightly_fsck, handlers.nightly_ops, handlers.weekly_audit, handlers.quarterly_audit)
)
"""


def beside(package: Path, folder: Path) -> Path:
    """The package, unpacked into ``folder``, and beside it the handlers with a clock that is a day ahead."""
    if not folder.exists():
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        (folder / "tomorrow.py").write_text(TOMORROW)
    return folder


def watch(walk: Any) -> None:
    """Run the four agents in their roles, on the day that ``walk`` (a `deploy_local.Walk`) has filled."""
    day = {"day": datetime.now(UTC).date().isoformat()}
    with walk.function("fsck", handler="tomorrow.nightly_fsck") as function:
        found = function.invoke(day)
        assert (found["verdict"], found["new"]) == ("clean", True), found
        assert function.invoke(day)["new"] is False  # a second run changes nothing
    with walk.function("ops", handler="tomorrow.nightly_ops") as function:
        judged = function.invoke(day)
        assert judged["colour"] in ("GREEN", "YELLOW", "RED"), judged
    audits = {}
    for name in ("weekly-audit", "quarterly-audit"):
        with walk.function(name, handler=f"tomorrow.{WATCHES[name]}") as function:
            audits[name] = function.invoke(day)["risk"]
    bucket, _, prefix = walk.output("understudy-dev-stateful", "ReportsLocation").removeprefix("s3://").partition("/")
    listed = walk.cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    kept = {one["Key"] for one in listed}
    assert {f"{prefix}/ops/{day['day']}.json", f"{prefix}/audit/nightly/{day['day']}.json"} <= kept, kept
    report = walk.verify()
    assert report.verdict == "clean", report.bad
    walk.done(f"the day was verified and judged {judged['colour']}, the week and the quarter audited: {audits}")
