"""What a live run says of itself, put together from its parts."""

from stream.capture import Capture
from stream.live.room import Room
from stream.live.sync import SyncRoom
from stream.stats import RecorderFigures, RoomFigures


def room_figures(
    room: Room | SyncRoom, capture: Capture, now: float, recorder: RecorderFigures | None = None
) -> RoomFigures:
    """One source at one moment.

    Args:
        room: what is shown of it.
        capture: what arrives.
        now: monotonic seconds.
        recorder: of its recording, if there is one.
    """
    showing, latest = room.showing, room.showing.latest
    shown, waiting = showing.rate.total, room.waiting
    return RoomFigures(
        name=room.name,
        state=str(showing.state),
        given="" if capture.given is None else str(capture.given),
        seconds=max(0.0, now - showing.since),
        captured=capture.captured,
        shown=shown,
        capture_fps=room.captured.per_second(now),
        inference_fps=room.inferred.per_second(now),
        display_fps=showing.rate.per_second(now),
        dropped={**capture.drops, **room.dropped},
        not_inferred=max(0, shown - room.inferred.total - waiting),
        waiting=waiting,
        mask_age_s=None if latest is None else latest.mask_age_s,
        notice="" if latest is None else latest.notice,
        latency=showing.delays.annotation,
        display=showing.delays.display,
        latency_curve=showing.delays.curve,
        sightings=room.finding.sightings,
        recorder=recorder,
    )
