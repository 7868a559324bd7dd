"""Promote a challenger, or roll back to an earlier champion; every outcome is an audit entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from distill.promotion._checks import check_fairness, check_fria, check_gates, check_sign_off, read_report
from distill.promotion._compare import compare
from distill.promotion._registry import Registry, Standing
from understudy.audit import AuditLog
from understudy.bundle import Bundle, load_bundle
from understudy.contracts.promotion import Champion, Check, Fria, Outcome, Promotion, PromotionConfig
from understudy.errors import UserError
from understudy.objects import ObjectChangedError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset
    from understudy.audit.signing import PublicKeys

__all__ = ["Request", "promote", "rollback"]


@dataclass(frozen=True)
class Request:
    """What is asked of `promote`.

    Attributes:
        archive: The challenger's ``bundle.zip``.
        dataset: Opens the challenger's data, for its test rows; asked only where there is a champion to compare with.
        operator: The person who signs off; None: nobody has yet.
        force: Skip the comparison, and nothing else; needs a reason.
        keys: Public keys of which one must have signed the bundle; None: a signature is not asked for.
    """

    archive: Path
    dataset: Callable[[], Dataset]
    fria: Fria | None
    operator: str | None
    today: dt.date
    reason: str = ""
    force: bool = False
    keys: PublicKeys | None = None
    config: PromotionConfig = field(default_factory=PromotionConfig)


def promote(registry: Registry, audit: AuditLog, request: Request) -> Promotion:
    """Let the challenger serve if every check passes; whatever happens is written to the audit log first.

    Outcomes: ``bootstrap`` (the first champion: nobody to compare with), ``approve``, ``force`` (the comparison was
    skipped, with a reason), ``reject``. A check that raises is ``unknown``, and rejects.

    Raises:
        UserError: --force without a reason; the registry or the audit log cannot be reached (nothing was promoted).
    """
    if request.force and not request.reason.strip():
        raise UserError("a forced promotion needs a reason", where="--force", fix="Say why with --reason.")
    standing = registry.standing()
    trial = _Trial(registry, standing, request)
    checks = trial.checks()
    faults = [f"{check.name}: {check.reason}" for check in checks if check.status not in ("pass", "skipped")]
    outcome: Outcome = "reject" if faults else _accepted(standing, request)
    if outcome != "reject":
        registry.add(trial.version, request.archive.read_bytes())
    record = Promotion(
        outcome=outcome,
        challenger=trial.version,
        champion=None if standing.champion is None else standing.champion.model_version,
        operator=request.operator,
        reason="; ".join(faults) or request.reason or "every check passed",
        checks=checks,
        fria=request.fria,
        registry=registry.url,
    )
    return record if outcome == "reject" and _write(audit, record) else _move(registry, audit, standing, record)


def rollback(
    registry: Registry, audit: AuditLog, *, to: str | None, operator: str, reason: str, keys: PublicKeys | None = None
) -> Promotion:
    """Let an earlier champion serve again: the last one, or ``to``. Its integrity is verified, nothing else.

    Raises:
        UserError: there is no earlier champion, ``to`` never was one, or its bundle is refused.
    """
    standing = registry.standing()
    champion = standing.champion
    earlier = [] if champion is None else [name for name in champion.history if name != champion.model_version]
    target = to or (earlier[-1] if earlier else None)
    if champion is None or target is None or target not in earlier:
        known = ", ".join(dict.fromkeys(earlier)) or "none"
        raise UserError(f"no earlier champion {target or ''}".rstrip(), where=registry.url, fix=f"Earlier: {known}.")
    check = _integrity(lambda: load_bundle(registry.fetch(target), keys))[0]
    record = Promotion(
        outcome="rollback" if check.status == "pass" else "reject",
        challenger=target,
        champion=champion.model_version,
        operator=operator,
        reason=reason if check.status == "pass" else check.reason,
        checks=[check],
        registry=registry.url,
    )
    return record if record.outcome == "reject" and _write(audit, record) else _move(registry, audit, standing, record)


class _Trial:
    """The checks of one request, in order; those that need a bundle are unknown without one."""

    def __init__(self, registry: Registry, standing: Standing, request: Request) -> None:
        self._registry = registry
        self._champion: Champion | None = standing.champion
        self._request = request
        self.version = "unreadable"

    def checks(self) -> list[Check]:
        request = self._request
        integrity, bundle = _integrity(lambda: load_bundle(request.archive, request.keys))
        signed = check_sign_off(request.operator)
        if bundle is None:
            return [integrity, signed]
        self.version = bundle.manifest.model_version
        gates = _guarded("gates", lambda: check_gates(bundle, read_report(bundle)))
        fairness = _guarded("fairness", lambda: check_fairness(read_report(bundle)))
        fria = _guarded(
            "fria",
            lambda: check_fria(request.fria, bundle, fairness, request.config, request.today, request.reason),
        )
        return [integrity, gates, fairness, self._comparison(bundle), fria, signed]

    def _comparison(self, challenger: Bundle) -> Check:
        champion, request = self._champion, self._request
        if champion is None:
            return Check(name="comparison", status="skipped", reason="there is no champion yet")
        if request.force:
            return Check(name="comparison", status="skipped", reason=f"forced: {request.reason}")
        if champion.model_version == self.version:
            return Check(name="comparison", status="fail", reason="it is the champion already")

        def run() -> Check:
            # The champion stood this very test when it came in; whether its key is still accepted is not asked again.
            current = load_bundle(self._registry.fetch(champion.model_version))
            return compare(request.dataset(), current, challenger, request.config)

        return _guarded("comparison", run)


def _integrity(load: Callable[[], Bundle]) -> tuple[Check, Bundle | None]:
    try:
        bundle = load()
    except Exception as error:
        return Check(name="integrity", status="fail", reason=str(error)), None
    return Check(name="integrity", status="pass", reason=f"{len(bundle.manifest.files)} files"), bundle


def _guarded(name: str, run: Callable[[], Check]) -> Check:
    """A gate that errors rejects: its reason says what went wrong."""
    try:
        return run()
    except Exception as error:
        why = f"the check failed itself: {type(error).__name__}: {error}"
        return Check(name=name, status="unknown", reason=why)  # type: ignore[arg-type]


def _accepted(standing: Standing, request: Request) -> Outcome:
    if standing.champion is None:
        return "bootstrap"
    return "force" if request.force else "approve"


def _write(audit: AuditLog, record: Promotion) -> bool:
    audit.append("model_promotion", record.model_dump(mode="json"))
    return True


def _move(registry: Registry, audit: AuditLog, standing: Standing, record: Promotion) -> Promotion:
    """The entry first: a pointer is never moved without one. Who comes late is told, and an entry says that too."""
    _write(audit, record)
    try:
        registry.move(standing, record.challenger)
    except ObjectChangedError:
        why = "somebody else moved the champion meanwhile; nothing was changed by this promotion"
        late = record.model_copy(update={"outcome": "reject", "reason": why})
        _write(audit, late)
        return late
    return record
