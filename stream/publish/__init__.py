"""Publishing: a room's annotated picture as a stream that other programs can play."""

from stream.publish.publisher import Publisher
from stream.publish.target import check_libraries, check_target

__all__ = ["Publisher", "check_libraries", "check_target"]
