"""The commands of ``understudy audit``: verify, sign, prove, rotate."""

from __future__ import annotations

import getpass
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from understudy.errors import UserError

if TYPE_CHECKING:
    from understudy.audit import FsckReport
    from understudy.audit.coverage import Coverage
    from understudy.audit.series import Series
    from understudy.audit.signing import PublicKeys
    from understudy.contracts.audit import Checkpoint
    from understudy.stores import ServingStore

__all__ = ["LogPlace", "audit_app", "check_log", "log_place", "sign_log", "write_proof"]

audit_app = typer.Typer(
    help="The audit log: verify it, sign it, prove an entry, rotate its keys.", no_args_is_help=True
)
RunOption = Annotated[Path | None, typer.Option(help="Run directory whose log is meant.")]
StoreOption = Annotated[str | None, typer.Option(help="Store URL (sqlite:///..., dynamodb://...).")]
KeysOption = Annotated[str | None, typer.Option(help="Keyring URL (file://..., secretsmanager://...).")]
CheckpointsOption = Annotated[str | None, typer.Option(help="Checkpoints URL (file:///directory, s3://bucket/prefix).")]
PublicOption = Annotated[Path | None, typer.Option(help="PEM file of the public key(s) that signed the checkpoints.")]
SigningOption = Annotated[str | None, typer.Option(help="Signing key URL (file:///key.pem, kms://key).")]


@dataclass(frozen=True)
class LogPlace:
    """Where a log and what belongs to it are."""

    store: str
    keys: str
    checkpoints: str | None
    public_key: Path | None
    signing_key: str | None


def log_place(
    run: Path | None,
    store: str | None = None,
    keys: str | None = None,
    checkpoints: str | None = None,
    public_key: Path | None = None,
    signing_key: str | None = None,
) -> LogPlace:
    """What the options name; a run directory stands for those that are not given.

    Raises:
        UserError: neither a run directory that has served nor a store and its keys were named.
    """
    if run is not None:
        from understudy.cli.serving import ServePaths

        paths = ServePaths(run)
        if not (paths.folder / "store.sqlite").exists():
            raise UserError("no audit log here", where=str(paths.folder), fix="Name a run that has served.")
        store, keys = store or paths.store, keys or paths.keys
        signing_key = signing_key or paths.signing_key
        checkpoints = checkpoints or paths.checkpoints
        if public_key is None and paths.public_key_file.exists():
            public_key = paths.public_key_file
    if store is None or keys is None:
        raise UserError("which log?", fix="Give --run DIRECTORY, or --store and --keys.")
    return LogPlace(store, keys, checkpoints, public_key, signing_key)


@audit_app.command("fsck")
def audit_fsck(
    run: RunOption = None,
    store: StoreOption = None,
    keys: KeysOption = None,
    checkpoints: CheckpointsOption = None,
    public_key: PublicOption = None,
) -> None:
    """Re-verify the whole audit log; exit code 3 and the first bad entry of each writer if altered."""
    report = check_log(Console(highlight=False, soft_wrap=True), log_place(run, store, keys, checkpoints, public_key))
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@audit_app.command("checkpoint")
def audit_checkpoint(
    run: RunOption = None,
    store: StoreOption = None,
    keys: KeysOption = None,
    checkpoints: CheckpointsOption = None,
    signing_key: SigningOption = None,
    public_key: PublicOption = None,
) -> None:
    """Verify the new entries and sign a checkpoint over the whole log; a new key file is made for the first one."""
    place = log_place(run, store, keys, checkpoints, public_key, signing_key)
    sign_log(Console(highlight=False, soft_wrap=True), place)


@audit_app.command("prove")
def audit_prove(
    request_id: Annotated[str, typer.Argument(help="Id of the request whose entry is proven.")],
    out: Annotated[Path | None, typer.Option(help="File to write (default: proof-<request id>.json).")] = None,
    run: RunOption = None,
    store: StoreOption = None,
    keys: KeysOption = None,
    checkpoints: CheckpointsOption = None,
    public_key: PublicOption = None,
    since: Annotated[int | None, typer.Option(help="Also prove that the log only grew since this checkpoint.")] = None,
    disclose: Annotated[
        str | None, typer.Option(help="Customer id: open the entry's sealed part to the reader.")
    ] = None,
) -> None:
    """Write a file by which a third party sees, with the public key alone, that an entry is in the log, unchanged."""
    place = log_place(run, store, keys, checkpoints, public_key)
    path = out or Path(f"proof-{request_id}.json")
    checkpoint = write_proof(place, request_id, path, since=since, disclose=disclose)
    shown = "with its content" if disclose else "its personal part stays sealed"
    Console(highlight=False, soft_wrap=True).print(
        f"{path}: entry of request {request_id} ({shown}), in checkpoint {checkpoint.number} of {checkpoint.at}"
    )


@audit_app.command("verify-proof")
def audit_verify_proof(
    proof: Annotated[Path, typer.Argument(help="File that `understudy audit prove` wrote.")],
    public_key: Annotated[Path, typer.Option(help="PEM file of the public key(s) of the log.")],
) -> None:
    """Verify a proof with the public key alone; exit code 3 if it does not hold."""
    from understudy.audit.proof import ProofError, verify_proof
    from understudy.contracts._model import read_json
    from understudy.contracts.audit import EntryProof

    try:
        proven = verify_proof(read_json(EntryProof, proof), _public_keys(public_key))
    except ProofError as error:
        fix = "Do not rely on it; ask for it again."
        raise UserError(f"the proof does not hold: {error}", where=str(proof), fix=fix, exit_code=3) from None
    console = Console(highlight=False, soft_wrap=True)
    core = proven.checkpoint
    console.print(f"Proven    entry {proven.seq} of writer {proven.writer}, written {proven.at} ({proven.kind})")
    console.print(f"          in the log of {core.size} entries by {core.writers} writers that was signed {core.at}")
    if proven.consistent_since is not None:
        console.print(f"          and only grew since checkpoint {proven.consistent_since}")
    console.print_json(data=proven.payload | (proven.disclosed or {}))


@audit_app.command("rotate")
def audit_rotate(run: RunOption = None, keys: KeysOption = None) -> None:
    """Give the keyring a new active key; old entries still verify, and old pseudonyms are still found."""
    from understudy.audit.rotation import rotate

    if run is None and keys is None:
        raise UserError("which keyring?", fix="Give --run DIRECTORY, or --keys URL.")
    key_id = rotate(keys or log_place(run).keys)
    Console(highlight=False).print(f"New entries are written with {key_id} by every process that starts from now on.")


def check_log(console: Console, place: LogPlace) -> FsckReport:
    """Re-verify every entry of a log, hold the checkpoints against it, and print what was found.

    Raises:
        UserError: keys or checkpoints cannot be read.
        StoreError: the log cannot be read.
    """
    from understudy.audit import fsck, open_keyring
    from understudy.stores import open_store

    coverage = _coverage(place)
    store = open_store(place.store, read_only=True)
    report = fsck(store, open_keyring(place.keys), coverage)
    store.close()
    console.print(f"Audit     {report.entries} entries of {report.writers} writers: {report.verdict}")
    if report.checkpoints is None:
        console.print("          no checkpoints: the whole log set back to an older state would not be seen")
    else:
        console.print(f"          {report.checkpoints} signed checkpoints cover {report.covered} of them")
    for bad in report.bad:
        console.print(f"          {bad}", markup=False)
    return report


def sign_log(console: Console, place: LogPlace) -> Checkpoint | None:
    """Make a checkpoint, and say so.

    Raises:
        UserError: the log or its checkpoints do not verify (exit code 3), or something cannot be read or written.
        StoreError: the log cannot be read.
    """
    from understudy.audit import open_keyring
    from understudy.audit.checkpoint_store import CheckpointConflictError, open_checkpoints
    from understudy.audit.checkpointing import DamagedLogError, make_checkpoint
    from understudy.audit.series import SeriesError
    from understudy.audit.signing import create_signing_key, open_signer
    from understudy.stores import open_store

    if place.checkpoints is None or place.signing_key is None:
        raise UserError("where to?", fix="Give --checkpoints URL and --signing-key URL.")
    checkpoints = open_checkpoints(place.checkpoints)
    key_file = Path(place.signing_key.removeprefix("file://"))
    if place.signing_key.startswith("file:///") and not key_file.exists() and next(checkpoints.read(), None) is None:
        create_signing_key(key_file)
    signer = open_signer(place.signing_key)
    keys = _public_keys(place.public_key) if place.public_key else None
    store = open_store(place.store, read_only=True)
    try:
        made = make_checkpoint(store, open_keyring(place.keys), signer, checkpoints, keys)
    except (DamagedLogError, SeriesError) as error:
        fix = "Nothing was signed. Run `understudy audit fsck`."
        raise UserError(f"the audit log does not verify: {error}", where=place.store, fix=fix, exit_code=3) from None
    except CheckpointConflictError as error:
        raise UserError(str(error), where=place.checkpoints, fix="Somebody else has just made one.") from None
    finally:
        store.close()
    if made is None:
        console.print("Checkpoint: nothing new since the last one")
    else:
        console.print(f"Signed    checkpoint {made.number}: {made.size} entries, root {made.root[:16]}...")
    return made


def write_proof(place: LogPlace, request_id: str, path: Path, *, since: int | None, disclose: str | None) -> Checkpoint:
    """Write the proof of a request's entry; who discloses its content leaves an entry in the log.

    Raises:
        UserError: there is no such entry, no checkpoint covers it, or what is needed cannot be read.
        StoreError: the log cannot be read, or the disclosure not be recorded.
    """
    from understudy.atomic import write_json
    from understudy.audit.proof import NotCoveredError, ProofError, prove
    from understudy.stores import open_store

    series = _series(place)
    store = open_store(place.store)
    body = store.get_request(request_id)
    if body is None:
        raise UserError("no decision has this id", where=place.store, fix="Check the request id.")
    try:
        secret = _disclose(place, store, body, request_id, disclose) if disclose else None
        proof = prove(series, body, since=since, disclosed=secret)
    except NotCoveredError as error:
        raise UserError(str(error), where=str(place.checkpoints), fix="First: understudy audit checkpoint.") from None
    except ProofError as error:
        raise UserError(str(error), where=place.store, fix="Run `understudy audit fsck`.", exit_code=3) from None
    finally:
        store.close()
    write_json(path, proof.model_dump(mode="json"))
    return proof.signed.checkpoint


def _disclose(place: LogPlace, store: ServingStore, body: bytes, request_id: str, customer_id: str) -> bytes:
    from understudy.audit import AuditLog, CustomerKeyError, customer_keys, open_keyring, pseudonym
    from understudy.audit.proof import disclosure

    keyring = open_keyring(place.keys)
    try:
        secret = disclosure(customer_keys(keyring), customer_id, store.read_context(customer_id).key, body)
    except CustomerKeyError as error:
        raise UserError(str(error), where=place.store, fix="Check the customer id.") from None
    payload = {
        "operation": "disclose",
        "explained": request_id,
        "pseudonym": pseudonym(keyring, customer_id),
        "operator": getpass.getuser(),
    }
    AuditLog(store, keyring, f"operator-{uuid.uuid4().hex}").append("data_access", payload)
    return secret


def _coverage(place: LogPlace) -> Coverage | None:
    if place.checkpoints is None:
        return None
    from understudy.audit.checkpoint_store import open_checkpoints
    from understudy.audit.coverage import Coverage

    checkpoints = open_checkpoints(place.checkpoints)
    if place.public_key is None and next(checkpoints.read(), None) is None:
        return None
    return Coverage(checkpoints.read(), _needed_keys(place))


def _series(place: LogPlace) -> Series:
    from understudy.audit.checkpoint_store import open_checkpoints
    from understudy.audit.series import Series, SeriesError

    checkpoints = open_checkpoints(place.checkpoints) if place.checkpoints else None
    if checkpoints is None or next(checkpoints.read(), None) is None:
        raise UserError("there are no checkpoints", fix="First: understudy audit checkpoint; then give --checkpoints.")
    try:
        return Series.read(checkpoints.read(), _needed_keys(place))
    except SeriesError as error:
        fix = "Run `understudy audit fsck`."
        raise UserError(str(error), where=str(place.checkpoints), fix=fix, exit_code=3) from None


def _needed_keys(place: LogPlace) -> PublicKeys:
    if place.public_key is None:
        raise UserError("who signed the checkpoints?", fix="Give --public-key FILE, from a copy that you keep.")
    return _public_keys(place.public_key)


def _public_keys(path: Path) -> PublicKeys:
    from understudy.audit.signing import PublicKeys

    try:
        return PublicKeys(path.read_bytes(), where=str(path))
    except OSError as error:
        raise UserError(f"the public key cannot be read: {error}", where=str(path), fix="Check the path.") from None
