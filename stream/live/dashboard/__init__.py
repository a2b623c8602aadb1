"""A live run on a full terminal: one look tells whether all is well, a second one why not."""

from stream.live.dashboard.dashboard import Dashboard

__all__ = ["Dashboard"]
