"""What the function holds between requests: a verified bundle, or the reason for refusing it, and its backing."""

from __future__ import annotations

from lambda_app.backing import Backing
from lambda_app.decision import Decider
from lambda_app.http import HttpError
from lambda_app.logs import log
from lambda_app.previous import PreviousChampion
from lambda_app.sentences import NO_SENTENCES, StoredSentences
from lambda_app.settings import Settings
from understudy.bundle import BundleError
from understudy.errors import UserError
from understudy.fetch import accepted_bundle

__all__ = ["App"]


class App:
    """Built once per environment. A refused bundle does not stop the function: health and rights still answer.

    `refusal` says for people why nothing can be decided, and None if it can.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.backing = Backing(settings)
        self.previous = PreviousChampion(settings)
        model, queue, judge = (
            settings.understudy_reason_model,
            settings.understudy_reason_queue,
            settings.understudy_sentence_judge,
        )
        self.sentences = StoredSentences(model, queue, self.backing, judge) if model else NO_SENTENCES
        self.refusal: str | None = None
        self._decider: Decider | None = None
        try:
            bundle = accepted_bundle(
                settings.understudy_bundle, settings.understudy_bundle_public_key, understudies=False
            )
            self._decider = Decider(bundle, self.sentences)
        except BundleError as error:
            self.refusal = f"the model bundle is refused: {error.file or 'it cannot be opened'}"
            log("start_refused", error=str(error))
        except UserError as error:
            self.refusal = f"texts or safety rules are unusable: {error.where}"
            log("start_refused", error=str(error))

    @property
    def decider(self) -> Decider:
        """The one that decides.

        Raises:
            HttpError: 503, naming the file that was refused.
        """
        if self._decider is None:
            raise HttpError(503, f"Nothing can be decided: {self.refusal}.")
        return self._decider
