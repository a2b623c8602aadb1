"""Fits a recorder to each room of a run, where the settings name a folder for recordings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from stream.errors import SinkError
from stream.live.journey import Journey
from stream.live.settings import LiveSettings
from stream.recording import About, LiveRecording, RecordingOptions
from stream.settings import plain
from stream.threads import SteadyThread

TELL_AFTER_S = 1.0
"""Who waits for longer wants to know why."""

HURRIED_S = 0.5
"""What writing and what finishing may take after Ctrl-C or a fault; the rest takes the shortest
way."""


@contextmanager
def with_recorders(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Record every room from its first picture on, or have its recorder stand by.

    Raises:
        SinkError: nothing can be written to the folder.
    """
    options = settings.recording
    if options is None:
        yield
        return
    _check_folder(options)
    names = names_in_files([room.name for room in journey.rooms], redact=settings.redact)
    patience_s: float | None = HURRIED_S
    try:
        for room, name in zip(journey.rooms, names, strict=True):
            recorder = LiveRecording(
                options,
                room=name,
                about=_about(journey, settings, room.name),
                tell=journey.tell,
                warn=_warning(journey, room.name),
            )
            journey.recorders[room.name] = recorder
            room.showing.branches.append(recorder)
            if not settings.standby:
                recorder.start(settings.label)
        yield
        patience_s = None
    finally:
        _finish(journey, patience_s)


def names_in_files(rooms: Sequence[str], *, redact: bool) -> list[str]:
    """What tells rooms apart in the names of their files; nothing where there is one room.

    >>> names_in_files(["/dev/video0", "rtsp://***@10.0.0.7/a"], redact=True)
    ['room1', 'room2']
    """
    if len(rooms) == 1:
        return [""]
    return [f"room{number}" if redact else name for number, name in enumerate(rooms, 1)]


def _finish(journey: Journey, patience_s: float | None) -> None:
    """Close all recorders; an interruption meanwhile makes them take the shortest way."""
    recorders = list(journey.recorders.values())
    threads = [
        SteadyThread(each.close, (patience_s, patience_s), daemon=False) for each in recorders
    ]
    try:
        for thread in threads:  # side by side, or what each may take would add up
            thread.start()
        for thread in threads:
            thread.join(TELL_AFTER_S)
        if any(thread.is_alive() for thread in threads):
            journey.tell("recordings are being finished: Ctrl-C takes the shortest way")
        for thread in threads:
            thread.join()
    except BaseException:
        for recorder in recorders:
            recorder.hurry()
        for thread in threads:
            with suppress(RuntimeError):  # it runs already
                thread.start()
        for thread in threads:
            thread.join()
        raise


def _check_folder(options: RecordingOptions) -> None:
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise SinkError(
            f"{options.folder}: nothing can be recorded there: {problem.strerror}: "
            "name another folder with --record"
        ) from problem


def _about(journey: Journey, settings: LiveSettings, room: str) -> Callable[[], About]:
    def about() -> About:
        engine = journey.engine
        if engine is None:
            return About(room, settings=plain(settings))
        return About(room, engine.name, engine.card, engine.runs_on, plain(settings))

    return about


def _warning(journey: Journey, room: str) -> Callable[[str], None]:
    """Says whose recording it is, where there are several."""
    several = len(journey.rooms) > 1
    return lambda line: journey.warn(f"{room}: {line}" if several else line)
