"""Find reviews: by their id, and by their state, earliest due first."""

from __future__ import annotations

from datetime import datetime

from lambda_app.app import App
from lambda_app.changing import store_failed
from lambda_app.http import HttpError
from lambda_app.review import STAMP
from understudy.contracts.oversight import Review, ReviewPage, ReviewState
from understudy.stores import Document, Key
from understudy.stores.oversight import CLOSED, OPEN, closed_review_key, open_review_key

__all__ = ["find_reviews", "list_reviews", "open_review"]

# Decided reviews lie together, whatever was decided: so many are looked at for one page of one state.
LOOKED_AT = 1000


def open_review(app: App, review_id: str) -> tuple[Review, int] | None:
    """The review that waits under this id, and the version of its document."""
    key = open_review_key(review_id)
    found = _read(app, [key]).get(key)
    return None if found is None else (_review(found), found.version)


def find_reviews(app: App, review_ids: list[str], now: datetime) -> list[Review]:
    """Those of ``review_ids`` (at most 50) that exist, in that order."""
    keys = [make(one) for one in review_ids for make in (closed_review_key, open_review_key)]
    found = _read(app, keys) if keys else {}
    # A review that was just being decided may be read at both places, or at one: the decided one counts.
    return [
        _as_of(_review(document), now)
        for one in review_ids
        if (document := found.get(closed_review_key(one)) or found.get(open_review_key(one)))
    ]


def list_reviews(app: App, state: ReviewState, after: str, limit: int, now: datetime) -> ReviewPage:
    """A page of the reviews in ``state``; ``after`` is the cursor of the page before.

    Ids begin with the due time, so those that wait and those that expired are two stretches of one queue.
    """
    start, stamp = _after(after), now.strftime(STAMP)
    try:
        store = app.backing.store
        if state == "pending":
            found = store.list_documents("oversight", OPEN, start=max(start, stamp), limit=limit + 1)
        elif state == "expired":
            found = store.list_documents("oversight", OPEN, start=start, end=stamp, limit=limit + 1)
        else:
            found = store.list_documents("oversight", CLOSED, start=start, limit=LOOKED_AT)
    except Exception as error:
        raise store_failed("list_documents", error) from error
    reviews = [_as_of(_review(document), now) for document in found]
    fitting = [review for review in reviews if review.state == state][:limit]
    if len(found) < (limit + 1 if state in ("pending", "expired") else LOOKED_AT) and len(fitting) == len(
        [review for review in reviews if review.state == state]
    ):
        return ReviewPage(reviews=fitting)
    last = fitting[-1] if len(fitting) == limit else reviews[-1]
    return ReviewPage(reviews=fitting, next=last.review_id)


def _after(cursor: str) -> str:
    return f"{cursor}\x01" if cursor else ""


def _as_of(review: Review, now: datetime) -> Review:
    late = review.state == "pending" and datetime.fromisoformat(review.due) <= now
    return review.model_copy(update={"state": "expired"}) if late else review


def _read(app: App, keys: list[Key]) -> dict[Key, Document]:
    try:
        return app.backing.store.read_documents(keys)
    except Exception as error:
        raise store_failed("read_documents", error) from error


def _review(document: Document) -> Review:
    try:
        return Review.model_validate_json(document.text)
    except ValueError:
        raise HttpError(503, "A stored review cannot be read.") from None
