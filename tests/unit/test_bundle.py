"""A bundle is opened only if every byte is what the manifest says."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_bundle

from understudy.bundle import MANIFEST, Bundle, BundleError, load_bundle

Placed = Callable[[str], Path]


@pytest.fixture(params=["bundle", "bundle.zip"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tiny_bundle.write(tmp_path / request.param)


def _change(path: Path, name: str, data: bytes | None) -> None:
    """Replace (or with None remove) one file, in a directory or in a zip."""
    if path.is_dir():
        target = path / name
        if data is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return
    with zipfile.ZipFile(path) as archive:
        content = {n: archive.read(n) for n in archive.namelist()}
    content.pop(name, None)
    if data is not None:
        content[name] = data
    with zipfile.ZipFile(path, "w") as archive:
        for n, d in content.items():
            archive.writestr(n, d)


def test_a_whole_bundle_opens(path: Path) -> None:
    bundle = load_bundle(path)
    assert bundle.read("models/signups.direct.txt") == tiny_bundle.models()["models/signups.direct.txt"]
    assert bundle.catalog == tiny_bundle.catalog()
    assert bundle.rules == tiny_bundle.rules()
    assert bundle.glossary == tiny_bundle.glossary()
    assert bundle.templates == tiny_bundle.templates()


@pytest.mark.parametrize("name", sorted([*tiny_bundle.files(), MANIFEST]))
def test_a_flipped_byte_is_refused_and_its_file_named(path: Path, name: str) -> None:
    content = {**tiny_bundle.files(), MANIFEST: tiny_bundle.manifest_bytes(tiny_bundle.files())}[name]
    middle = len(content) // 2
    _change(path, name, content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(BundleError, match=name.replace(".", r"\.")) as refused:
        load_bundle(path)
    assert refused.value.file == name


def test_every_changed_byte_of_a_manifest_is_found(tmp_path: Path) -> None:
    manifest = tiny_bundle.manifest_bytes(tiny_bundle.files())
    bundle = tiny_bundle.write(tmp_path / "bundle")
    for place in range(0, len(manifest), 97):
        changed = manifest[:place] + bytes([manifest[place] ^ 1]) + manifest[place + 1 :]
        (bundle / MANIFEST).write_bytes(changed)
        with pytest.raises(BundleError):
            load_bundle(bundle)


def test_a_missing_file_is_named(path: Path) -> None:
    _change(path, "models/spend.direct.txt", None)
    with pytest.raises(BundleError, match=r"models/spend\.direct\.txt: is missing"):
        load_bundle(path)


def test_a_truncated_file_is_named_with_its_size(path: Path) -> None:
    _change(path, "report.html", b"<p>")
    with pytest.raises(BundleError, match=r"report\.html: has 3 bytes"):
        load_bundle(path)


def test_an_extra_file_is_refused(path: Path) -> None:
    _change(path, "models/extra.py", b"import os")
    with pytest.raises(BundleError, match=r"models/extra\.py: is not in the manifest"):
        load_bundle(path)


def test_without_a_manifest_nothing_opens(path: Path) -> None:
    _change(path, MANIFEST, None)
    with pytest.raises(BundleError, match=r"manifest\.json: is missing"):
        load_bundle(path)


def test_an_unknown_schema_version_is_refused(path: Path) -> None:
    content = json.loads(tiny_bundle.manifest_bytes(tiny_bundle.files()))
    _change(path, MANIFEST, json.dumps(content | {"schema_version": 2}).encode())
    with pytest.raises(BundleError, match=r"manifest\.json: .*schema_version"):
        load_bundle(path)


def test_a_document_that_breaks_its_contract_is_named(tmp_path: Path) -> None:
    content = tiny_bundle.files(**{"catalog.json": b'{"schema_version": 1}'})
    bundle = load_bundle(tiny_bundle.write(tmp_path / "bundle", content))
    with pytest.raises(BundleError, match=r"catalog\.json: does not fit its contract: families"):
        _ = bundle.catalog


def test_a_student_outside_the_files_is_refused(tmp_path: Path) -> None:
    content = tiny_bundle.files()
    del content["models/signups.direct.txt"]
    with pytest.raises(BundleError, match=r"manifest\.json: task signups names models/signups\.direct\.txt"):
        load_bundle(tiny_bundle.write(tmp_path / "bundle", content))


def test_a_link_out_of_the_bundle_is_refused(tmp_path: Path) -> None:
    bundle = tiny_bundle.write(tmp_path / "bundle")
    outside = tmp_path / "report.html"
    outside.write_bytes((bundle / "report.html").read_bytes())
    (bundle / "report.html").unlink()
    (bundle / "report.html").symlink_to(outside)
    with pytest.raises(BundleError, match=r"report\.html: is not a plain file"):
        load_bundle(bundle)


def test_a_name_twice_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = tiny_bundle.write(tmp_path / "bundle.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("report.html", b"<p>other</p>")
    with pytest.raises(BundleError, match=r"report\.html: is in the archive twice"):
        load_bundle(path)


def test_what_is_no_bundle_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"PK not a zip")
    with pytest.raises(BundleError, match="cannot be opened"):
        load_bundle(tmp_path / "b.zip")
    with pytest.raises(BundleError, match="there is no bundle"):
        load_bundle(tmp_path / "nowhere")


def test_a_file_that_changes_after_opening_is_found_when_read(tmp_path: Path) -> None:
    path = tiny_bundle.write(tmp_path / "bundle")
    bundle: Bundle = load_bundle(path)
    _change(path, "models/signups.direct.txt", b"x")
    with pytest.raises(BundleError, match=r"models/signups\.direct\.txt"):
        bundle.read("models/signups.direct.txt")


def test_an_altered_understudy_is_refused_when_it_is_needed_and_any_other_file_at_once(path: Path) -> None:
    name = "models/signups.direct.txt"
    _change(path, name, tiny_bundle.models()[name].replace(b"leaf_value=", b"leaf_value= ", 1)[:-1])
    with pytest.raises(BundleError, match="sha256"):
        load_bundle(path)
    bundle = load_bundle(path, understudies=False)
    assert bundle.read("models/signups.distilled.txt")
    with pytest.raises(BundleError, match=r"models/signups\.direct\.txt: its sha256"):
        bundle.read(name)
    for other in ("models/signups.distilled.txt", "models/direct_only.direct.txt", "report.html"):
        content = tiny_bundle.files()[other]
        _change(path, other, content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BundleError, match=other.replace(".", r"\.")):
            load_bundle(path, understudies=False)
        _change(path, other, content)
    _change(path, name, None)
    with pytest.raises(BundleError, match="is missing"):
        load_bundle(path, understudies=False)


def test_only_files_of_the_manifest_can_be_read(path: Path) -> None:
    with pytest.raises(BundleError, match="is not in the manifest"):
        load_bundle(path).read("../secret")
