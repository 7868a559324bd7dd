"""Open a bundle (a directory or one zip) and let nothing out of it that its manifest does not vouch for."""

from __future__ import annotations

import hashlib
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import ValidationError

from understudy.atomic import canonical_json
from understudy.contracts._model import Contract
from understudy.contracts.catalog import Catalog
from understudy.contracts.manifest import Manifest
from understudy.contracts.reasons import Glossary, TemplateSet
from understudy.contracts.rules import RuleSet

if TYPE_CHECKING:
    from understudy.audit.signing import PublicKeys

__all__ = ["MANIFEST", "SIGNATURE", "Bundle", "BundleError", "load_bundle"]

MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
# Far above any real manifest: a zip cannot make the function inflate gigabytes before a single hash is checked.
MAX_MANIFEST_BYTES = 32 * 2**20
MAX_SIGNATURE_BYTES = 4096
THREADS = 2
C = TypeVar("C", bound=Contract)


class BundleError(Exception):
    """The bundle is refused; ``file`` is the file at fault (empty if the bundle itself cannot be opened)."""

    def __init__(self, what: str, file: str = "") -> None:
        self.file = file
        super().__init__(f"{file}: {what}" if file else what)


class _Source(Protocol):
    """Named files with sizes that are known before their content is read."""

    def sizes(self) -> dict[str, int]: ...

    def read(self, name: str) -> bytes: ...


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def sizes(self) -> dict[str, int]:
        found = {}
        for path in sorted(self._root.rglob("*")):
            name = path.relative_to(self._root).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise BundleError("is not a plain file", name)
            if path.is_file():
                found[name] = path.stat().st_size
        return found

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()


class _Archive:
    """Members are read from the open zip: a cold start writes nothing to the disk."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._lock = Lock()  # for the archive's count of open members; members are inflated side by side

    def sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for info in self._zip.infolist():
            if info.filename in found:
                raise BundleError("is in the archive twice", info.filename)
            if not info.is_dir():
                found[info.filename] = info.file_size
        return found

    def read(self, name: str) -> bytes:
        with self._lock:
            member = self._zip.open(name)
        try:
            return member.read()
        finally:
            with self._lock:
                member.close()


class Bundle:
    """A verified bundle. The documents are parsed when they are first asked for."""

    def __init__(self, source: _Source, manifest: Manifest) -> None:
        self.manifest = manifest
        self._source = source
        # What the manifest's layers need at once is read only once; the rest is verified and let go.
        self._eager = {ref.path for task in manifest.tasks if (ref := getattr(task, task.layer, None))}
        self._kept: dict[str, bytes] = {}

    def verify(self, *, understudies: bool = True) -> None:
        """Check that exactly the manifest's files are there, and the size and sha256 of each.

        Without ``understudies``, the hash of a student that another one of its task goes before is left to `read`.

        Raises:
            BundleError: names the first file that is missing, extra or altered.
        """
        sizes = self._source.sizes()
        expected = self.manifest.files
        for name in sorted(sizes.keys() - expected.keys() - {MANIFEST, SIGNATURE}):
            raise BundleError("is not in the manifest", name)
        for name, entry in expected.items():
            if name not in sizes:
                raise BundleError("is missing", name)
            if sizes[name] != entry.bytes:
                raise BundleError(f"has {sizes[name]} bytes, the manifest says {entry.bytes}", name)
        students = {ref.path for task in self.manifest.tasks for ref in (task.distilled, task.direct) if ref}
        late = set() if understudies else students - self._eager
        wanted = [name for name in expected if name not in late]
        # Inflating and hashing leave the interpreter free.
        with ThreadPoolExecutor(THREADS) as pool:
            checked = list(pool.map(self._checked, wanted))
        for name, data in zip(wanted, checked, strict=True):
            if name in self._eager or name.endswith(".json"):
                self._kept[name] = data

    def read(self, name: str) -> bytes:
        """The content of ``name``, whose hash has been checked.

        Raises:
            BundleError: the file is not in the manifest, or changed since the bundle was opened.
        """
        kept = self._kept.pop(name, None)
        return self._checked(name) if kept is None else kept

    def _checked(self, name: str) -> bytes:
        entry = self.manifest.files.get(name)
        if entry is None:
            raise BundleError("is not in the manifest", name)
        try:
            data = self._source.read(name)
        except (OSError, KeyError, RuntimeError, zipfile.BadZipFile, ValueError) as error:
            raise BundleError(f"cannot be read: {error}", name) from error
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise BundleError("its sha256 is not the manifest's", name)
        return data

    def _document(self, model: type[C], name: str) -> C:
        try:
            return model.model_validate_json(self.read(name))
        except ValidationError as error:
            raise BundleError(f"does not fit its contract: {_first(error)}", name) from error

    @cached_property
    def rules(self) -> RuleSet:
        return self._document(RuleSet, "rules.json")

    @cached_property
    def catalog(self) -> Catalog:
        return self._document(Catalog, "catalog.json")

    @cached_property
    def glossary(self) -> Glossary:
        return self._document(Glossary, "glossary.json")

    @cached_property
    def templates(self) -> TemplateSet:
        return self._document(TemplateSet, "templates.json")


def load_bundle(path: Path, keys: PublicKeys | None = None, *, understudies: bool = True) -> Bundle:
    """Open the directory or zip at ``path`` and verify every file, and with ``keys`` who signed it.

    Without ``understudies``, a student that another one of its task goes before is verified when it is needed, and
    costs its task a step down if it is altered: a start then need not inflate what is hardly ever used.

    The manifest vouches for the files, and ``model_version`` for the manifest: its last 12 hex digits are the sha256
    of the canonical JSON of everything else in it. With ``keys``, one of them must have signed the manifest; without,
    a signature is not looked at.

    Raises:
        BundleError: names the file that is missing, extra, altered, or not signed by one of ``keys``.
    """
    try:
        source: _Source = _Folder(path) if path.is_dir() else _Archive(path)
        sizes = source.sizes()
        if MANIFEST not in sizes:
            raise BundleError("is missing", MANIFEST)
        if sizes[MANIFEST] > MAX_MANIFEST_BYTES:
            raise BundleError("is too large to be a manifest", MANIFEST)
        raw = source.read(MANIFEST)
        signature = _signature(source, sizes) if keys else None
    except FileNotFoundError:
        raise BundleError(f"there is no bundle at {path}") from None
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
        raise BundleError(f"{path} cannot be opened: {error}") from error
    if keys:
        _require_signed(raw, signature, keys)
    bundle = Bundle(source, _manifest(raw))
    bundle.verify(understudies=understudies)
    return bundle


def _signature(source: _Source, sizes: dict[str, int]) -> bytes | None:
    if SIGNATURE not in sizes:
        return None
    if sizes[SIGNATURE] > MAX_SIGNATURE_BYTES:
        raise BundleError("is too large to be a signature", SIGNATURE)
    return source.read(SIGNATURE)


def _require_signed(manifest: bytes, signature: bytes | None, keys: PublicKeys) -> None:
    # Only who checks signatures needs the code that does.
    from understudy.bundle_signature import signature_fault

    fault = signature_fault(manifest, signature, keys)
    if fault:
        raise BundleError(fault, SIGNATURE)


def _manifest(raw: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(raw)
        content = json.loads(raw)
        del content["model_version"]
        digest = hashlib.sha256(canonical_json(content)).hexdigest()
    except ValidationError as error:
        raise BundleError(f"does not fit its contract: {_first(error)}", MANIFEST) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"is not canonical JSON: {error}", MANIFEST) from error
    if manifest.model_version != f"{manifest.dataset}-{digest[:12]}":
        raise BundleError(f"model_version {manifest.model_version} is not the hash of its content", MANIFEST)
    for task in manifest.tasks:
        for ref in (task.distilled, task.direct):
            if ref is not None and ref.path not in manifest.files:
                raise BundleError(f"task {task.name} names {ref.path}, which is not among the files", MANIFEST)
    return manifest


def _first(error: ValidationError) -> str:
    item = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in item['loc']) or 'top level'}: {item['msg']}"
