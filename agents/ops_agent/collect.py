"""Collect a night's evidence; what cannot be had is named, and nothing stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from agents.checklist import Night, Papers
from agents.evidence import (
    Columns,
    Frame,
    History,
    RequestDay,
    WatchSettings,
    days_before,
    open_artefacts,
    open_history,
    open_labels,
    open_request_metrics,
    read_day,
)
from agents.evidence.labelled import read_labelled
from agents.monitors import Breach, MonitorConfig, MonitorNight, ShadowScores, run_monitors, score_shadow
from agents.ops_agent.journal import Journal, read_journal
from understudy.audit import open_keyring
from understudy.bundle import Bundle
from understudy.contracts.watch import AuditReport, LogState
from understudy.errors import UserError
from understudy.fetch import accepted_bundle
from understudy.objects import open_objects
from understudy.stores import open_store

__all__ = ["Collected", "collect"]

T = TypeVar("T")


@dataclass(frozen=True)
class Collected:
    """The night, the figures of the day's requests, and where earlier nights are."""

    night: Night
    requests: RequestDay | None
    breaches: Sequence[Breach]
    history: History

    @property
    def inputs(self) -> dict[str, Any]:
        """What the judgement rests on, without what every new entry changes: the same inputs give the same report."""
        night = self.night
        return {
            "day": night.day,
            "papers": night.papers.hashes,
            "bundle": None if night.bundle is None else night.bundle.manifest.model_version,
            "journal": None
            if night.journal is None
            else {name: seq for name, seq in night.journal.cursor.items() if seq},
            "requests": None if self.requests is None else asdict(self.requests),
            "log": None if night.log is None else night.log.model_dump(include={"verdict", "bad"}),
            "monitors": {name: one.model_dump(mode="json") for name, one in sorted(night.monitors.items())},
            "lost": dict(night.lost),
        }


def collect(settings: WatchSettings, day: str, config: MonitorConfig) -> Collected:
    """Everything of ``day`` that can be read. A source that fails is None in the night, and ``lost`` says why.

    Raises:
        UserError: the place of the reports cannot be reached; nothing could be kept.
    """
    history = open_history(settings.understudy_reports)
    lost: dict[str, str] = {}
    papers = Papers(open_artefacts(settings.understudy_artefacts))
    bundle = _tried(lost, "bundle", lambda: _bundle(settings))
    requests = _tried(lost, "requests", lambda: open_request_metrics(settings.understudy_request_metrics).day(day))
    journal = _tried(lost, "journal", lambda: _journal(settings, day, history))
    log = _tried(lost, "log", lambda: _verified(settings, day))
    columns, monitored = None, None
    if bundle is None:
        lost["columns"] = lost["monitors"] = f"without the bundle nothing can be compared: {lost['bundle']}"
    else:
        frame = _tried(lost, "frame", lambda: Frame.of(bundle, config.groupings))
        if frame is None:
            lost["columns"] = lost["monitors"] = lost["frame"]
        else:
            columns = _tried(lost, "columns", lambda: _decisions(settings, frame, day, history))
            monitored = _tried(
                lost, "monitors", lambda: _monitored(settings, day, columns, requests, frame, history, config)
            )
    monitors = {one.name: one for one in monitored.measurements} if monitored else {}
    night = Night(day, papers, bundle, columns, monitors, journal, log, lost)
    return Collected(night, requests, monitored.breaches if monitored else [], history)


def _tried(lost: dict[str, str], name: str, read: Callable[[], T]) -> T | None:
    """What ``read`` returns. What stops it is said, and the rest is still looked at: one dead source hides no other."""
    try:
        return read()
    except UserError as error:
        lost[name] = f"{name} could not be read: {error.what}"
    except Exception as error:
        lost[name] = f"{name} could not be read: {type(error).__name__}: {error}"
    return None


def _bundle(settings: WatchSettings) -> Bundle:
    return accepted_bundle(settings.understudy_bundle, settings.understudy_bundle_public_key)


def _journal(settings: WatchSettings, day: str, history: History) -> Journal:
    keyring = open_keyring(settings.understudy_audit_keys)
    with closing(open_store(settings.understudy_store, read_only=True)) as store:
        return read_journal(store, keyring, day, history)


def _verified(settings: WatchSettings, day: str) -> LogState:
    found = open_objects(settings.understudy_reports).read(f"audit/nightly/{day}.json")
    state = None if found is None else AuditReport.model_validate_json(found.data).log
    if state is None:
        raise UserError("the log was not verified this night")
    return state


def _decisions(settings: WatchSettings, frame: Frame, day: str, history: History) -> Columns:
    known = history.state("journal", days_before(day, 1)[0]) or {}
    return read_day(settings, frame, day, after=known.get("cursor"))


def _monitored(
    settings: WatchSettings,
    day: str,
    columns: Columns | None,
    requests: RequestDay | None,
    frame: Frame,
    history: History,
    config: MonitorConfig,
) -> MonitorNight:
    arrived = open_labels(settings.understudy_labels).arrived(day)
    labelled = None if arrived is None else read_labelled(settings, frame, arrived, day)
    shadow = _shadow(settings, columns, frame, config)
    metrics = requests or RequestDay(day)
    return run_monitors(day, columns, metrics, frame, history, config, labelled=labelled, shadow=shadow)


def _shadow(
    settings: WatchSettings, columns: Columns | None, frame: Frame, config: MonitorConfig
) -> ShadowScores | str:
    """What the teacher says of a sample, or why it says nothing: a damaged export must not blind the other monitors."""
    try:
        artefacts, keyring = open_artefacts(settings.understudy_artefacts), open_keyring(settings.understudy_audit_keys)
        return score_shadow(columns, frame, artefacts, keyring, config.shadow_sample)
    except UserError as error:
        return f"{error.where}: {error.what}" if error.where else error.what
