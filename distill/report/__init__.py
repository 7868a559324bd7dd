"""The report that the gates leave behind: JSON for programs, one page for people."""

from distill.report._facts import ReportDocument
from distill.report._render import render_report, write_report
from distill.report._words import measures_by_model

__all__ = ["ReportDocument", "measures_by_model", "render_report", "write_report"]
