"""A source's recording on the dashboard."""

from stream.live.dashboard.lines import Part
from stream.live.dashboard.styles import ALARM, CARE, PLAIN
from stream.live.dashboard.words import count, long_time
from stream.stats import RecorderFigures

DISK_CARE_MINUTES = 30
DISK_ALARM_MINUTES = 10


def all_of(recorder: RecorderFigures | None) -> list[Part]:
    """Everything there is to say of it."""
    if recorder is None:
        return ["off"]
    written = f"{count(recorder.recorded)} of {count(recorder.captured)} frames   none lost"
    causes = "; ".join(f"{count(times)} {cause}" for cause, times in recorder.lost.items())
    lost = lost_by(recorder)
    told: Part = (f"{count(lost)} frames lost: {causes}", ALARM) if lost else written
    if not recorder.recording:
        return ["off   the last one: ", told]
    return [
        f"{recorder.lag_s:.1f} s behind   disk ",
        _disk(recorder),
        "   ",
        told,
    ]


def brief(recorder: RecorderFigures | None) -> list[Part]:
    """What has to be known of it."""
    if recorder is None:
        return ["  rec off"]
    lost = lost_by(recorder)
    losses: list[Part] = ["  ", (f"{count(lost)} lost", ALARM)] if lost else []
    if not recorder.recording:
        return ["  rec off", *losses]
    return [f"  rec {recorder.lag_s:.1f} s late, disk ", _disk(recorder), *losses]


def lost_by(recorder: RecorderFigures | None) -> int:
    """How many frames a recording has lost."""
    return 0 if recorder is None else sum(recorder.lost.values())


def _disk(recorder: RecorderFigures) -> Part:
    minutes, style = recorder.disk_minutes, PLAIN
    if minutes is not None and minutes < DISK_CARE_MINUTES:
        style = ALARM if minutes < DISK_ALARM_MINUTES else CARE
    return long_time(minutes), style
