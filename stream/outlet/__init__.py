"""Pictures on their way out of a run: to a process that may be slow, hang or die alone."""

from stream.outlet.end import OutletEnd
from stream.outlet.outlet import Outlet

__all__ = ["Outlet", "OutletEnd"]
