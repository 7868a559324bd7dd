"""Everything that an audit measures, each part by itself: what one cannot see must not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

from agents.audit_agent.contents import content_checks
from agents.audit_agent.lineage import ages, lineage, promoted
from agents.audit_agent.log_check import LogCheck
from agents.audit_agent.opening import Opened, open_decisions
from agents.audit_agent.past_cases import check_cases
from agents.audit_agent.period import Period
from agents.audit_agent.population import Population, accepted_cells, recounted
from agents.audit_agent.reasons import told_reasons
from agents.audit_agent.replay import Replay
from agents.audit_agent.rescoring import rescored
from agents.audit_agent.strata import Pick, Sampler
from agents.checklist import Night, Papers, measure
from agents.evidence import Artefacts, Frame, WatchSettings, open_artefacts, open_history, read_day
from agents.jury import CaseStore
from agents.ops_agent.journal import Calls, Journal, Promoted
from understudy.audit import AuditLog, customer_keys, open_keyring
from understudy.bundle import Bundle
from understudy.contracts.watch import Measurement
from understudy.errors import UserError
from understudy.fetch import accepted_bundle
from understudy.stores import open_store

__all__ = ["Evidences", "measured"]

OPENED = 500_000  # decisions at most that are read for the counts; of more, a share that is drawn by request id
QUOTA = {"weekly": 15, "quarterly": 45}  # of each of the 27 strata
PAPERS = ("stages/data.json", "stages/gates.json", "gates/report.json", "bundle/manifest.json")
SAMPLED = (
    "rescored_alike",
    "suitability_violations",
    "oversight_bypasses",
    "disclosure_share",
    "reason_quality",
    "faithfulness",
    "reason_difference",
)
COUNTED = ("data_protection_violations", "fairness_ratio_min", "herding", "recounted_alike")


class Evidences:
    """What is there to be measured; what cannot be had raises when it is asked for."""

    def __init__(self, settings: WatchSettings, period: Period, check: LogCheck) -> None:
        self.settings, self.period, self.check = settings, period, check
        self.papers = Papers(open_artefacts(settings.understudy_artefacts))

    @cached_property
    def artefacts(self) -> Artefacts:
        return open_artefacts(self.settings.understudy_artefacts)

    @cached_property
    def bundle(self) -> Bundle:
        """What serves, verified."""
        return accepted_bundle(self.settings.understudy_bundle, self.settings.understudy_bundle_public_key)

    @property
    def inputs(self) -> dict[str, Any]:
        """What the report rests on, without what every later entry changes."""
        state = self.check.state
        assert state is not None
        papers = {name: self._hash(name) for name in PAPERS}
        return {
            "kind": self.period.kind,
            "first": self.period.first,
            "last": self.period.last,
            "log": {"ended": self.check.ended, "verdict": state.verdict, "bad": [b.model_dump() for b in state.bad]},
            "bundle": self._version(),
            "papers": papers,
            "promotions": [one.place for one in self.check.promotions],
            "judge": self.settings.understudy_judge_model,
        }

    def _hash(self, name: str) -> str | None:
        try:
            return self.artefacts.evidence(name).sha256 if self.artefacts.data(name) is not None else None
        except UserError as error:
            return error.what

    def _version(self) -> str:
        try:
            return self.bundle.manifest.model_version
        except Exception as error:
            return f"refused: {error}"


def measured(gathered: Evidences, cases: CaseStore, replay: Replay | None, log: AuditLog) -> list[Measurement]:
    """All measurements of an audit; one that cannot be made says why.

    The log gets an entry before customers' decisions are opened.
    """
    period = gathered.period.name
    population, picks, sizes, why = _population(gathered)
    found = [_chain(gathered)]
    if population is None:
        found += _unknown(period, (*COUNTED, *SAMPLED), why)
    else:
        found += _guarded(period, COUNTED, lambda: _counted(gathered, population))
        log.append(
            "data_access",
            {"operation": "audit_sample", "agent": "audit-agent", "period": period, "decisions": len(_places(picks))},
        )
        found += _guarded(period, SAMPLED, lambda: _sampled(gathered, picks, sizes, replay))
    versions = population.versions if population is not None else {}
    found += _guarded(period, ("lineage", "promoted"), lambda: _lineage(gathered, versions))
    found += _guarded(
        period,
        ("fria_age_days", "model_card_age_days"),
        lambda: ages(period, gathered.period.last, gathered.bundle, gathered.check.promotions),
    )
    found += _guarded(period, ("case_store",), lambda: [check_cases(period, cases, gathered.check.cases)])
    return [*found, *_registered(gathered, ("auc_gap", "documentation"))]


def _population(gathered: Evidences) -> tuple[Population | None, list[Pick], list[int], str]:
    """What all decisions show, and which were drawn; or why they cannot be read."""
    period = gathered.period
    state = gathered.check.state
    signed = state.last_checkpoint if state is not None else None
    try:
        # Nobody could know this root when the decisions were made.
        sampler = Sampler(gathered.bundle.catalog, signed.root if signed else period.name, QUOTA[period.kind])
        frame = Frame.of(gathered.bundle)
        population = Population(period.name)
        share = min(1.0, OPENED / max(1, gathered.check.decisions))
        cursor: dict[str, int] | None = None
        for day in period.days:
            columns = read_day(gathered.settings, frame, day, sample=share, after=cursor)
            population.take(columns)
            sampler.take(columns)
            cursor = columns.cursor
    except Exception as error:
        return None, [], [], f"decisions could not be read: {_said(error)}"
    if not population.decisions:
        return None, [], [], "no decision was made in the period"
    return population, sampler.picks(), sampler.population, ""


def _counted(gathered: Evidences, population: Population) -> list[Measurement]:
    history = open_history(gathered.settings.understudy_reports)
    first = accepted_cells(history, gathered.period.days, gathered.bundle.manifest.model_version)
    return [*population.measurements(first), recounted(gathered.period.name, population, history)]


def _sampled(
    gathered: Evidences, picks: Sequence[Pick], sizes: Sequence[int], replay: Replay | None
) -> list[Measurement]:
    period, settings = gathered.period.name, gathered.settings
    keyring = open_keyring(settings.understudy_audit_keys)
    with closing(open_store(settings.understudy_store, read_only=True)) as store:
        opened = open_decisions(store, keyring, customer_keys(keyring, settings.understudy_customer_keys), picks)
    return [
        _with_missing(rescored(period, opened.contents, replay), opened),
        *content_checks(period, gathered.bundle, opened.contents),
        *told_reasons(period, gathered.bundle, picks, opened.contents, sizes),
    ]


def _with_missing(measurement: Measurement, opened: Opened) -> Measurement:
    """Erased customers are counted, and are no fault."""
    detail = measurement.detail | {"not opened": dict(sorted(opened.missing.items()))}
    return measurement.model_copy(update={"detail": detail})


def _lineage(gathered: Evidences, versions: dict[str, int]) -> list[Measurement]:
    period, bundle = gathered.period.name, gathered.bundle
    signed = gathered.settings.understudy_bundle_public_key is not None
    return [
        lineage(period, bundle, signed, gathered.artefacts),
        promoted(period, bundle, gathered.check.promotions, gathered.check.unread, versions),
    ]


def _chain(gathered: Evidences) -> Measurement:
    """As the checklist measures it, from what was verified just now."""
    night = Night(gathered.period.last, gathered.papers, log=gathered.check.state)
    return measure("audit_chain", night).model_copy(update={"period": gathered.period.name})


def _registered(gathered: Evidences, names: Sequence[str]) -> list[Measurement]:
    """What the checklist measures from papers, with the promotions that this audit verified."""
    promotions = [
        Promoted(one.at, one.place, one.record.outcome, one.record.challenger, one.record.operator, one.record.fria)
        for one in gathered.check.promotions
    ]
    try:
        bundle, lost = gathered.bundle, {}
    except Exception as error:
        bundle, lost = None, {"bundle": f"the bundle is refused: {_said(error)}"}
    journal = Journal(promotions, Calls(), {}, {})
    night = Night(gathered.period.last, gathered.papers, bundle=bundle, journal=journal, lost=lost)
    return [measure(name, night).model_copy(update={"period": gathered.period.name}) for name in names]


def _guarded(period: str, names: Sequence[str], make: Callable[[], list[Measurement]]) -> list[Measurement]:
    try:
        return make()
    except Exception as error:
        return _unknown(period, names, _said(error))


def _unknown(period: str, names: Sequence[str], why: str) -> list[Measurement]:
    return [Measurement(name=name, period=period, value=None, why=why) for name in names]


def _said(error: Exception) -> str:
    return error.what if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def _places(picks: Sequence[Pick]) -> set[str]:
    return {pick.place for pick in picks}
