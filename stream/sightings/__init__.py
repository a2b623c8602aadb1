"""Masks over time become sightings: each polyp from its first frame to its last."""

from stream.sightings.settings import SightingSettings
from stream.sightings.sighting import Sighting, write_sightings
from stream.sightings.tracker import Followed, SightingTracker

__all__ = ["Followed", "Sighting", "SightingSettings", "SightingTracker", "write_sightings"]
