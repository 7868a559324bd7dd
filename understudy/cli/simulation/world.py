"""The simulated installation: stores, keys, registry, the function in this process, and its clock."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.audit import AuditLog, open_keyring
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.checkpointing import DamagedLogError, make_checkpoint
from understudy.audit.signing import create_signing_key, open_signer
from understudy.cli.serving import ServePaths
from understudy.cli.simulation.plan import Bank
from understudy.clock import turned
from understudy.contracts.promotion import DIMENSIONS, Fria, FriaDimension
from understudy.errors import UserError
from understudy.objects import open_objects
from understudy.stores import ServingStore, open_store

__all__ = ["World"]

OPERATOR = "simulated risk officer"
THRESHOLDS = Path(__file__).with_name("checklist.toml")


class World:
    """A run directory that serves: what the function and the agents leave lies under ``root/serve``.

    ``now`` is what it is o'clock for everybody.
    """

    def __init__(self, root: Path, bank: Bank) -> None:
        self.root = root.resolve()
        self.bank = bank
        self.now = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        self.paths = ServePaths(self.root)
        self.reports = Path(self.paths.reports.removeprefix("file://"))
        self.metrics = self.paths.folder / "requests"
        self.jobs = f"sqlite://{self.paths.folder / 'jobs.sqlite'}"

    def prepare(self) -> None:
        """Make keys and folders.

        Raises:
            UserError: something is there already: a month is replayed from its beginning.
        """
        if self.paths.folder.exists():
            raise UserError("something has served here already", where=str(self.paths.folder), fix="Use another --out.")
        self.metrics.mkdir(parents=True)
        self.paths.prepare()
        create_signing_key(Path(self.paths.signing_key.removeprefix("file://")))

    @contextmanager
    def clock(self) -> Iterator[None]:
        """While the block lasts it is ``now`` for this process."""
        with turned(lambda: self.now):
            yield

    def at(self, day: str, hours: float) -> None:
        """Set the clock to ``hours`` after the beginning of a UTC day."""
        self.now = dt.datetime.fromisoformat(f"{day}T00:00:00+00:00") + dt.timedelta(hours=hours)

    def store(self) -> ServingStore:
        return open_store(self.paths.store)

    def promote(self) -> str:
        """Promote the bank's bundle by the ordinary gate; returns where the function finds it.

        Raises:
            UserError: it was rejected.
        """
        from distill.promotion import Registry, Request, promote

        registry = Registry(open_objects(str(self.root / "registry")))
        store = self.store()
        log = AuditLog(store, open_keyring(self.paths.keys), "promotion")
        request = Request(
            archive=self.bank.archive,
            dataset=_no_dataset,
            fria=_assessment(self.now.date()),
            operator=OPERATOR,
            today=self.now.date(),
            reason="first champion of the simulated bank",
        )
        found = promote(registry, log, request)
        store.close()
        if found.outcome == "reject":
            raise UserError(f"the bundle was not promoted: {found.reason}", where=str(self.bank.archive))
        return registry.place(found.challenger)

    def sign(self) -> bool:
        """Sign a checkpoint over the log; whether the log was whole enough to be signed."""
        store = open_store(self.paths.store, read_only=True)
        try:
            signer = open_signer(self.paths.signing_key)
            make_checkpoint(store, open_keyring(self.paths.keys), signer, open_checkpoints(self.paths.checkpoints))
        except DamagedLogError:
            return False
        finally:
            store.close()
        return True

    def environment(self, bundle: str) -> dict[str, str]:
        """What function, worker and agents are told."""
        told = {
            "UNDERSTUDY_BUNDLE": bundle,
            "UNDERSTUDY_CHECKLIST": str(THRESHOLDS),
            "UNDERSTUDY_STORE": self.paths.store,
            "UNDERSTUDY_AUDIT_KEYS": self.paths.keys,
            "UNDERSTUDY_CHECKPOINTS": self.paths.checkpoints,
            "UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS": self.paths.public_key_file.read_text(),
            "UNDERSTUDY_REPORTS": self.paths.reports,
            "UNDERSTUDY_REQUEST_METRICS": f"file://{self.metrics}",
        }
        return told | ({} if self.bank.run is None else {"UNDERSTUDY_ARTEFACTS": f"file://{self.bank.run.resolve()}"})

    def report(self, name: str) -> Any:
        """A stored report, parsed; None where there is none."""
        path = self.reports / f"{name}.json"
        return json.loads(path.read_bytes()) if path.exists() else None


@contextmanager
def environment(told: Mapping[str, str]) -> Iterator[None]:
    """These variables, while the block lasts, and no other of the product's."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("UNDERSTUDY_")]:
        del os.environ[name]
    os.environ.update(told)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _assessment(today: dt.date) -> Fria:
    why = "declared for a bank that does not exist; every customer of it is made up"
    dimensions = {name: FriaDimension(score=0.5, why=why) for name in DIMENSIONS}
    purpose = "Rank products for the customers of a simulated bank"
    return Fria(purpose=purpose, assessor=OPERATOR, date=today - dt.timedelta(days=10), dimensions=dimensions)


def _no_dataset() -> Any:
    raise UserError("there is no champion to compare with")
