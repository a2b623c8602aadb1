"""What a live run's settings mean for its engine and for its sources."""

from collections.abc import Sequence

from stream.inference import InferenceSettings
from stream.live.settings import LiveSettings
from stream.source.asked import Asked


def asked_of_engine(settings: LiveSettings, names: Sequence[str]) -> InferenceSettings:
    """What runs, for rooms of these names."""
    return InferenceSettings(
        settings.weights,
        settings.device,
        settings.precision,
        views=dict.fromkeys(names, settings.view),
        pictures=settings.batch if settings.sync else len(names),
        mode="throughput" if settings.batch > 1 else "latency",
        hang_s=settings.hang_s,
    )


def asked_of_sources(settings: LiveSettings) -> Asked:
    """What is asked of every source."""
    return Asked(
        pixel_format=settings.input_format,
        size=settings.input_size,
        rate=settings.input_rate,
        deinterlace=settings.deinterlace,
        loop=settings.loop,
        packets=settings.copies_packets,
    )
