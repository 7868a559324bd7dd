"""Do the models that the gates let on stage speak?"""

from __future__ import annotations

import numpy as np

from agents.checklist import Night
from agents.evidence import LAYERS
from agents.ops_agent.found import Found
from agents.ops_agent.wording import number
from understudy.contracts.watch import Evidence

__all__ = ["SILENT_SHARE", "layer_findings"]

# Some records lack features, some customers have none: from this share on it is the function, and not its customers.
SILENT_SHARE = 0.5
FEWEST = 30


def layer_findings(night: Night) -> list[Found]:
    """Tasks that a student is to serve, and that most decisions left to a layer below it. Customers who object are not
    counted: of them models are not to speak. Nothing fails when a model is silent, so no error rate shows it."""
    if night.columns is None or night.bundle is None or not len(night.columns):
        return []
    columns = night.columns
    free = ~(columns.opted_out | columns.read_error)
    silent: dict[str, float] = {}
    for task in night.bundle.manifest.tasks:
        if task.layer in ("distilled", "direct") and task.name in columns.tasks and free.sum() >= FEWEST:
            layer = columns.layers[free, columns.tasks.index(task.name)]
            silent[task.name] = float(np.mean(layer > LAYERS.index(task.layer)))
    bad = {task: share for task, share in silent.items() if share >= SILENT_SHARE}
    if not bad:
        return []
    worst = max(bad, key=lambda task: (bad[task], task))
    return [
        Found(
            id="models-silent",
            severity="major",
            title=f"{len(bad)} of {len(silent)} tasks with a student were left to lower layers; {worst} in "
            f"{number(100 * bad[worst])} % of the decisions",
            cause="The function cannot run its models, its records have another schema, or a kill switch is on.",
            action="See the reasons in the step-down metrics of the same day; restore the package or the records.",
            checkpoint="serving",
            failed=True,
            evidence=[Evidence(kind="audit", ref=f"{night.day}: layers of model_inference")],
        )
    ]
