"""Online feature records in bulk: from Parquet into a store, checked row by row."""

from understudy.records.load import LoadReport, load_records

__all__ = ["LoadReport", "load_records"]
