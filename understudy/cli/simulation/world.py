"""The simulated installation: stores, keys, registry, the function in this process, and its clock."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.audit import AuditLog, Keyring, open_keyring
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.checkpointing import DamagedLogError, make_checkpoint
from understudy.audit.signing import create_signing_key, open_signer
from understudy.cli.simulation.plan import Bank
from understudy.clock import turned
from understudy.contracts.promotion import DIMENSIONS, Fria, FriaDimension
from understudy.errors import UserError
from understudy.objects import open_objects
from understudy.stores import ServingStore, open_store

__all__ = ["World"]

OPERATOR = "simulated risk officer"


class World:
    """Everything lies under ``root``; ``now`` is what it is o'clock for everybody."""

    def __init__(self, root: Path, bank: Bank) -> None:
        self.root = root.resolve()
        self.bank = bank
        self.now = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        self.store_url = f"sqlite://{self.root / 'store.sqlite'}"
        self.keys = f"file://{self.root / 'audit-keys.json'}"
        self.checkpoints = f"file://{self.root / 'checkpoints'}"
        self.signing_key = self.root / "checkpoint-key.pem"
        self.reports = self.root / "reports"
        self.metrics = self.root / "requests"
        self.jobs = f"sqlite://{self.root / 'jobs.sqlite'}"

    def prepare(self) -> None:
        """Make keys and folders.

        Raises:
            UserError: something is there already: a month is replayed from its beginning.
        """
        if self.root.exists() and any(path.name != "run" for path in self.root.iterdir()):
            raise UserError("a simulation is here already", where=str(self.root), fix="Remove it, or use --out.")
        self.metrics.mkdir(parents=True)
        self.reports.mkdir()
        Keyring.create(self.root / "audit-keys.json")
        create_signing_key(self.signing_key)

    @contextmanager
    def clock(self) -> Iterator[None]:
        """While the block lasts it is ``now`` for this process."""
        with turned(lambda: self.now):
            yield

    def at(self, day: str, hours: float) -> None:
        """Set the clock to ``hours`` after the beginning of a UTC day."""
        self.now = dt.datetime.fromisoformat(f"{day}T00:00:00+00:00") + dt.timedelta(hours=hours)

    def store(self) -> ServingStore:
        return open_store(self.store_url)

    def promote(self) -> str:
        """Promote the bank's bundle by the ordinary gate; returns where the function finds it.

        Raises:
            UserError: it was rejected.
        """
        from distill.promotion import Registry, Request, promote

        registry = Registry(open_objects(str(self.root / "registry")))
        store = self.store()
        log = AuditLog(store, open_keyring(self.keys), "promotion")
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
        store = open_store(self.store_url, read_only=True)
        try:
            signer = open_signer(f"file://{self.signing_key}")
            make_checkpoint(store, open_keyring(self.keys), signer, open_checkpoints(self.checkpoints))
        except DamagedLogError:
            return False
        finally:
            store.close()
        return True

    def environment(self, bundle: str) -> dict[str, str]:
        """What function, worker and agents are told."""
        public = self.signing_key.with_name(f"{self.signing_key.name}.pub").read_text()
        told = {
            "UNDERSTUDY_BUNDLE": bundle,
            "UNDERSTUDY_STORE": self.store_url,
            "UNDERSTUDY_AUDIT_KEYS": self.keys,
            "UNDERSTUDY_CHECKPOINTS": self.checkpoints,
            "UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS": public,
            "UNDERSTUDY_REPORTS": f"file://{self.reports}",
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
