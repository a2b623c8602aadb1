"""`report.html`: what a recording shows, on one page for people."""

from stream.report.log import RecordingLog
from stream.report.page import Report, write_report

__all__ = ["RecordingLog", "Report", "write_report"]
