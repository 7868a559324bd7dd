"""What the function holds between requests: a verified bundle, or the reason for refusing it, and its backing."""

from __future__ import annotations

from lambda_app.backing import Backing
from lambda_app.decision import Decider
from lambda_app.fetch import local_bundle
from lambda_app.http import HttpError
from lambda_app.logs import log
from lambda_app.settings import Settings
from understudy.bundle import BundleError, load_bundle
from understudy.errors import UserError

__all__ = ["App"]


class App:
    """Built once per environment. A refused bundle does not stop the function: health and rights still answer."""

    def __init__(self, settings: Settings) -> None:
        self.backing = Backing(settings)
        self.refusal: str | None = None
        self._decider: Decider | None = None
        try:
            self._decider = Decider(load_bundle(local_bundle(settings.understudy_bundle)))
        except (BundleError, UserError) as error:
            log("bundle_refused", error=str(error))
            self.refusal = (error.file or "it cannot be opened") if isinstance(error, BundleError) else error.where

    @property
    def decider(self) -> Decider:
        """The one that decides.

        Raises:
            HttpError: 503, naming the file for which the bundle was refused.
        """
        if self._decider is None:
            raise HttpError(503, f"The model bundle was refused: {self.refusal}.")
        return self._decider
