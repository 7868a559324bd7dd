"""What the decisions of a day are held against: the order of a bundle's tasks, features, products and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.evidence.groups import Grouping, default_groupings
from agents.evidence.reference import Reference
from understudy.bundle import Bundle
from understudy.contracts._model import TaskType
from understudy.contracts.features import FeatureSchema
from understudy.contracts.psi import PsiReference

__all__ = ["Frame"]


@dataclass(frozen=True)
class Frame:
    """Everything that turns an entry into numbers; small, and sent to the processes that read entries.

    Attributes:
        model_version: The bundle's.
        tasks: T names; ``types`` and ``classes`` (None: not multiclass) go with them.
        schema: Of the students; ``reference`` holds its bins.
        products: Ids in the catalog's order; ``families`` goes with them.
        groupings: Protected attributes.
        utc_offset_hours: Of the bank, in whose days a record is dated.
    """

    model_version: str
    tasks: list[str]
    types: list[TaskType]
    classes: list[list[str] | None]
    schema: FeatureSchema
    reference: Reference
    products: list[str]
    families: list[str]
    groupings: list[Grouping]
    utc_offset_hours: float

    @classmethod
    def of(cls, bundle: Bundle, groupings: Sequence[Grouping] | None = None) -> Frame:
        """The frame of ``bundle``.

        Raises:
            BundleError: it has no reference bins.
        """
        manifest, catalog = bundle.manifest, bundle.catalog
        psi = PsiReference.model_validate_json(bundle.read("psi.json"))
        return cls(
            model_version=manifest.model_version,
            tasks=[task.name for task in manifest.tasks],
            types=[task.type for task in manifest.tasks],
            classes=[task.classes for task in manifest.tasks],
            schema=manifest.features,
            reference=Reference.of(manifest.features, psi),
            products=[product.id for product in catalog.products],
            families=[product.family for product in catalog.products],
            groupings=list(groupings) if groupings is not None else default_groupings(bundle, psi),
            utc_offset_hours=catalog.contact.utc_offset_hours,
        )
