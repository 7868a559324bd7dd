"""Read, before a decision, what is known of the customer and what people and rights ordain for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lambda_app.app import App
from lambda_app.decision import Limits
from lambda_app.kill_switch import Orders, Previous, orders
from lambda_app.logs import log
from lambda_app.pseudonyms import pseudonyms
from lambda_app.router import Router
from understudy.stores import Key, RequestContext

__all__ = ["Circumstances", "read_circumstances"]

NOBODY_ASKED = Previous(None, "it was not asked for")


@dataclass(frozen=True)
class Circumstances:
    """The customer's context, the error's name if it could not be read, and the limits that follow."""

    context: RequestContext
    read_error: str | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def notes(self) -> list[str]:
        """What switches and rights ordain, in words for the answer and the audit entry."""
        limits = self.limits
        restricted = [] if limits.restriction == "none" else [f"restriction: {limits.restriction}"]
        return [*limits.orders.notes, *restricted]


def read_circumstances(app: App, customer_id: str, beside: Sequence[Key] = ()) -> Circumstances:
    """One batched read; a second one only where the record, or the previous champion's, was not among what was read.

    ``beside`` are further documents to read with it. What cannot be read is as strict as it could be: the customer has
    opted out, and the kill switches forbid models.
    """
    manifest = app.decider.bundle.manifest
    tasks = [task.name for task in manifest.tasks]
    try:
        erased_as = pseudonyms(app, customer_id)
        context = app.backing.store.read_context(
            customer_id, manifest.features.version, erased_as=erased_as, beside=beside
        )
        router, previous = _previous(app, context)
        if router is not None and router.schema_version not in context.others:
            context = app.backing.store.read_context(
                customer_id, manifest.features.version, also=[router.schema_version], erased_as=erased_as, beside=beside
            )
    except Exception as error:
        # Whatever went wrong: consent to profiling was not read, and what is not read is not given.
        log("read_failed", error=type(error).__name__)
        unread = RequestContext(record=None, opted_out=True, contacts=[], switches=None)
        strictest = Limits(orders=orders(None, tasks, manifest.model_version, NOBODY_ASKED))
        return Circumstances(unread, type(error).__name__, strictest)
    ordained = orders(context.switches, tasks, manifest.model_version, previous)
    return Circumstances(context, None, _limits(context, ordained, router))


def _previous(app: App, context: RequestContext) -> tuple[Router | None, Previous]:
    """The previous champion, if a switch asks for it."""
    asked = any(switch.strategy == "previous" for switch in context.switches or ())
    return app.previous.load() if asked else (None, NOBODY_ASKED)


def _limits(context: RequestContext, ordained: Orders, router: Router | None) -> Limits:
    earlier = context.record if router is None else context.others.get(router.schema_version, context.record)
    return Limits(context.restriction, context.channels, ordained, router, earlier)
