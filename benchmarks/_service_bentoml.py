"""The comparator: a BentoML service, scores by the LightGBM Python package. Started by `against_services`."""

# BentoML reads the annotations of the API when the class is made, so they are not postponed here.
from typing import Any

import bentoml
from _lightgbm_scores import Service


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Students:
    """One worker."""

    def __init__(self) -> None:
        self.service = Service.from_environment()

    @bentoml.api(route="/v1/recommendations")
    async def recommend(self, customer_id: str) -> dict[str, Any]:
        """Scores and contributions."""
        return self.service.answer(customer_id)
