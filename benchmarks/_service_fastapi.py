"""The comparator: FastAPI on uvicorn, scores by the LightGBM Python package. Started by `against_services`."""

from __future__ import annotations

from typing import Any

from _lightgbm_scores import Service
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field


class Asked(BaseModel):
    """The body."""

    customer_id: str = Field(pattern=r"^[A-Za-z0-9._:@-]{1,64}$")


app = FastAPI()
service = Service.from_environment()


# On the event loop, not in a thread: the work keeps the processor busy anyway, and this is the faster of the two.
@app.post("/v1/recommendations")
async def recommend(asked: Asked) -> dict[str, Any]:
    """Scores and contributions."""
    try:
        return service.answer(asked.customer_id)
    except KeyError:
        raise HTTPException(404) from None
