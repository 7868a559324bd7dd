"""Self-contained HTML pages in one style: inline style, inline SVG, no script, nothing fetched."""

from understudy.page.document import STATUS_ORDER, badge, document, section
from understudy.page.frame import Frame, nice_ticks
from understudy.page.markup import Markup, join, tag

__all__ = ["STATUS_ORDER", "Frame", "Markup", "badge", "document", "join", "nice_ticks", "section", "tag"]
