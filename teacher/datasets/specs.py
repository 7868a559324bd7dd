"""Load a dataset spec with its catalog and glossary, by shipped name or by path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from teacher.datasets.cross_checks import check_catalog, check_glossary, check_spec
from teacher.datasets.recipe_checks import check_recipes
from teacher.datasets.toml_lines import read_toml_contract
from understudy.contracts.catalog import Catalog
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["LoadedSpec", "load_spec", "shipped_specs"]

_SHIPPED = Path(__file__).resolve().parent.parent / "specs"


@dataclass(frozen=True)
class LoadedSpec:
    """A spec, the folder that its relative names start from, and the catalog and glossary that it names."""

    spec: DatasetSpec
    folder: Path
    catalog: Catalog
    glossary: Glossary
    path: Path | None = None
    """The spec's file; None for a spec made in code."""


def shipped_specs() -> list[str]:
    """Names of the specs that come with the product."""
    return sorted(path.parent.name for path in _SHIPPED.glob("*/spec.toml"))


def load_spec(name_or_path: str) -> LoadedSpec:
    """Load a shipped spec (``"census-income"``) or the spec at a path (a TOML file, or a folder with ``spec.toml``).

    Raises:
        UserError: unknown name, unreadable file, a field that does not fit, or a spec, catalog and glossary that
            contradict each other; the message names the file, the field and where possible the line.
    """
    path = _find(name_or_path)
    spec = read_toml_contract(DatasetSpec, path)
    check_spec(spec, path)
    check_recipes(spec, path)
    catalog_path = path.parent / spec.catalog
    catalog = read_toml_contract(Catalog, catalog_path)
    check_catalog(spec, catalog, catalog_path)
    if spec.glossary is None:
        return LoadedSpec(spec, path.parent, catalog, Glossary(schema_version=1, facts=[]), path)
    glossary_path = path.parent / spec.glossary
    glossary = read_toml_contract(Glossary, glossary_path)
    check_glossary(spec, glossary, glossary_path)
    return LoadedSpec(spec, path.parent, catalog, glossary, path)


def _find(name_or_path: str) -> Path:
    shipped = _SHIPPED / name_or_path / "spec.toml"
    if name_or_path in shipped_specs():
        return shipped
    path = Path(name_or_path)
    if path.is_dir():
        path = path / "spec.toml"
    if path.is_file():
        return path
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise UserError("file not found", where=str(path), fix="Check the path of the dataset spec.")
    raise UserError(
        f"no dataset is called {name_or_path!r}",
        fix=f"Shipped: {', '.join(shipped_specs())}. Or give the path of a spec in TOML.",
    )
