"""What customers say about their data: objection, restriction, channels, corrections; and when they were approached."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from understudy.contracts._model import Contract, Name

__all__ = [
    "OUTBOUND",
    "Channel",
    "Choices",
    "Consents",
    "Contact",
    "ContactRecorded",
    "Contacts",
    "Corrections",
    "DecisionRef",
    "Erased",
    "Export",
    "ExportedDecision",
    "ProfileCorrection",
    "Reasoned",
    "Restriction",
    "RestrictionRequest",
    "Timestamp",
]

Channel = Literal["branch", "app", "sms", "email", "push", "phone", "mail"]
# Those by which the bank approaches the customer, not the customer the bank.
OUTBOUND: frozenset[Channel] = frozenset({"sms", "email", "push", "phone", "mail"})
Restriction = Literal["none", "rules", "no_decision"]
Reasoned = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
ContactId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


def _with_zone(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("not an ISO 8601 time") from None
    if at.tzinfo is None:
        raise ValueError("the time needs a UTC offset")
    return value


Timestamp = Annotated[str, StringConstraints(max_length=40), AfterValidator(_with_zone)]


class Consents(Contract):
    """Body of ``PUT`` and ``GET /v1/customers/{id}/consents``: channel -> whether the customer may be approached by it.

    A channel that is absent was not spoken about: the branch and the app, where the customer comes to the bank, are
    then open; those by which the bank approaches the customer are not.
    """

    channels: dict[Channel, Annotated[bool, Field(strict=True)]]


class RestrictionRequest(Contract):
    """Body of ``PUT`` and ``GET /v1/customers/{id}/restriction``.

    ``rules``: no profiling, only rules speak; ``no_decision``: nothing is decided automatically at all.
    """

    restriction: Restriction


class Choices(Contract):
    """Everything a customer chose, as it is stored in one document."""

    opted_out: bool = False
    restriction: Restriction = "none"
    channels: dict[Channel, bool] = {}


class ProfileCorrection(Contract):
    """The profile's fields that were wrong, with the right values; null means unknown."""

    age: float | None = Field(default=None, ge=0, le=130)
    income_krw: float | None = Field(default=None, ge=0)
    risk_tolerance: int | None = Field(default=None, ge=1, le=5)
    owned: list[Name] | None = None

    @model_serializer(mode="wrap")
    def _only_what_is_corrected(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if name in self.model_fields_set}

    @model_validator(mode="after")
    def _owned_is_a_list(self) -> ProfileCorrection:
        if "owned" in self.model_fields_set and self.owned is None:
            raise ValueError("owned cannot be null; an empty list says that nothing is owned")
        return self


class Corrections(Contract):
    """Body of ``PUT`` and ``GET /v1/customers/{id}/corrections``: what replaces the values of any record.

    They hold until they are replaced, whatever records are loaded meanwhile. Empty ones withdraw all corrections.
    """

    profile: ProfileCorrection = ProfileCorrection()
    features: dict[str, float | int | str | None] = {}
    reason: Reasoned

    def changes(self) -> dict[str, Any]:
        """The corrected fields of the profile, by name."""
        return self.profile.model_dump()


class Contact(Contract):
    """Body of ``POST /v1/customers/{id}/contacts``: the customer was approached."""

    contact_id: ContactId
    at: Timestamp
    channel: Channel


class ContactRecorded(Contract):
    """``recorded`` is false if it was known before; ``refusal`` says why it should not have happened."""

    contact_id: str
    recorded: bool
    refusal: str | None


class Contacts(Contract):
    """The contacts that are kept of a customer, oldest first."""

    contacts: list[Contact]


class DecisionRef(Contract):
    """Where a customer's decision is found, and which of its recommendations people look at."""

    request_id: str
    decided_at: str
    model_version: str
    reviews: list[str] = []


class ExportedDecision(Contract):
    """A past decision in an export; ``decision`` is None where the audit log cannot show it."""

    ref: DecisionRef
    decision: dict[str, Any] | None


class Export(Contract):
    """Body of ``GET /v1/customers/{id}/data``: everything held about one customer.

    ``next`` asks for further decisions (query parameter ``after``); a page without it is the last.
    """

    customer_id: str
    records: list[dict[str, Any]]
    choices: Choices
    corrections: Corrections | None
    contacts: list[Contact]
    decisions: list[ExportedDecision]
    next: str | None = None


class Erased(Contract):
    """Body of the answer to ``DELETE /v1/customers/{id}``."""

    removed: dict[str, int] = Field(description="kind of document -> how many were removed")
    key_destroyed: bool = Field(description="whether what the audit log holds about the customer can no longer be read")
