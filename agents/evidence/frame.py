"""What the decisions of a day are held against: the order of a bundle's tasks, features, products and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.evidence.groups import Grouping, default_groupings
from agents.evidence.reference import Reference
from understudy.bundle import Bundle
from understudy.contracts._model import TaskType
from understudy.contracts.catalog import Catalog
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
        family_tasks: Family -> the task that weighs most in its products' scores.
        groupings: Protected attributes.
        utc_offset_hours: Of the bank, in whose days a record is dated.
        review_share: Designed share of the recommendations of tier 1 that a person looks at.
        psi_sha256: Of the file with the reference bins.
    """

    model_version: str
    tasks: list[str]
    types: list[TaskType]
    classes: list[list[str] | None]
    schema: FeatureSchema
    reference: Reference
    products: list[str]
    families: list[str]
    family_tasks: dict[str, str]
    groupings: list[Grouping]
    utc_offset_hours: float
    review_share: float
    psi_sha256: str

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
            family_tasks=_family_tasks(catalog),
            groupings=list(groupings) if groupings is not None else default_groupings(bundle, psi),
            utc_offset_hours=catalog.contact.utc_offset_hours,
            review_share=catalog.review.sample_rate,
            psi_sha256=manifest.files["psi.json"].sha256,
        )


def _family_tasks(catalog: Catalog) -> dict[str, str]:
    weights: dict[str, dict[str, float]] = {}
    for product in catalog.products:
        of_family = weights.setdefault(product.family, {})
        for driver in product.drivers:
            of_family[driver.task] = of_family.get(driver.task, 0.0) + driver.weight
    return {family: max(sorted(found), key=found.__getitem__) for family, found in weights.items()}
