"""Recording a recording again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stream.sink.encoder_settings import EncoderSettings
from stream.sink.recorder import Recorder
from stream.source.file import open_file
from stream.tally import Tally


def record_again(source_path: Path, target: Path, **options: object) -> Tally:
    """Read a recording and record it as it is; returns what the recorder warned of."""
    overwrite = bool(options.pop("overwrite", False))
    settings = EncoderSettings(**options)
    warnings = Tally()
    with (
        open_file(source_path) as source,
        Recorder(
            target,
            parameters=source.parameters,
            settings=settings,
            overwrite=overwrite,
            warnings=warnings,
        ) as recorder,
    ):
        for frame in source:
            for packet in source.take_packets():
                recorder.write_packet(packet)
            recorder.write(frame)
        for packet in source.take_packets():
            recorder.write_packet(packet)
    return warnings


@pytest.fixture(scope="session")
def again() -> Callable[..., Tally]:
    """Records a recording again: `again(source, target, codec="ffv1")`."""
    return record_again
