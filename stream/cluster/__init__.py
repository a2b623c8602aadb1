"""Recordings shared out over the machines of a Ray cluster; Ray is imported once it is needed."""

from stream.cluster.workers import ClusterWorkers

__all__ = ["ClusterWorkers"]
