"""The champion before this one, for a kill switch that asks for it; loaded when one first does."""

from __future__ import annotations

import threading
import time

from lambda_app.kill_switch import Previous
from lambda_app.logs import log
from lambda_app.router import Router
from lambda_app.settings import Settings
from understudy.fetch import accepted_bundle

__all__ = ["PreviousChampion"]

# A bundle that could not be had is asked for again after this time, not by every request.
RETRY_SECONDS = 60.0


class PreviousChampion:
    """Its router once it is loaded, or why there is none; threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._public_key = settings.understudy_bundle_public_key
        self._location = location = settings.understudy_previous_bundle
        self._lock = threading.Lock()
        self._router: Router | None = None
        self._retry_at = 0.0
        self._standing = Previous(None, "there is no previous model" if location is None else "it is not loaded")

    def load(self) -> tuple[Router | None, Previous]:
        """The router, and what is to be said about it."""
        with self._lock:
            if self._location is not None and self._router is None and time.monotonic() >= self._retry_at:
                self._try(self._location)
            return self._router, self._standing

    def _try(self, location: str) -> None:
        try:
            bundle = accepted_bundle(location, self._public_key, understudies=False)
            self._router = Router(bundle)
            self._standing = Previous(bundle.manifest.model_version)
        except Exception as error:
            # Whatever is wrong with it: the rules speak in its place, and the answer says so.
            log("previous_refused", error=type(error).__name__)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._standing = Previous(None, "the previous model is refused")
