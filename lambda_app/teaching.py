"""What the teacher of the students that spoke went by: its gate weights over the named experts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lambda_app.ranking import Candidate
from lambda_app.voices import Voices
from understudy.contracts._model import Text
from understudy.contracts.api import ExpertShare

__all__ = ["shares", "teacher_gates"]

# What each expert looks at, in words for a reader who has not seen the model.
TITLES: Mapping[str, Text] = {
    "deepfm": Text(ko="고객 특성의 조합", en="combinations of customer facts"),
    "temporal": Text(ko="거래의 시간 흐름", en="spending over time"),
    "hgcn": Text(ko="소비 업종의 계통", en="tree of spending categories"),
    "perslay": Text(ko="소비 주기의 모양", en="shape of the spending cycle"),
    "causal": Text(ko="특성 사이의 인과 구조", en="causal structure of the facts"),
    "lightgcn": Text(ko="비슷한 고객의 보유 상품", en="products of similar customers"),
    "optimal_transport": Text(ko="소비 분포의 이동", en="shift of the spending distribution"),
}


def teacher_gates(recommended: Iterable[Candidate], voices: Voices) -> dict[str, dict[str, float]]:
    """Task -> expert -> mean gate weight, of the tasks that ranked a product and were spoken by a distilled student.

    No other layer learned from the teacher, so none of them is explained by it.
    """
    tasks: dict[str, None] = {}
    for candidate in recommended:
        if candidate.product.id not in voices.apart:
            tasks |= dict.fromkeys(driver.task for driver in candidate.product.drivers)
    return {
        task: gates
        for task in tasks
        if voices.scoring.tasks[task].layer == "distilled" and (gates := voices.speakers[task][0].teacher_gates(task))
    }


def shares(gates: Mapping[str, float]) -> list[ExpertShare]:
    """The experts by falling weight; equal weights by name."""
    ranked = sorted(gates.items(), key=lambda item: (-item[1], item[0]))
    return [
        ExpertShare(expert=name, title=TITLES.get(name, Text(ko=name, en=name)), share=share) for name, share in ranked
    ]
