"""The report that the gates leave behind: JSON for programs, one page for people."""

from distill.report._facts import ReportDocument
from distill.report._render import render_report, write_report

__all__ = ["ReportDocument", "render_report", "write_report"]
