"""A local web page for operators, over the admin API: no script, nothing fetched from elsewhere, no secret in the
browser."""

from understudy.console.app import Console
from understudy.console.sessions import Sessions

__all__ = ["Console", "Sessions"]
