"""The only recording of a run: its bar, its last line, and its errors as they are."""

from collections.abc import Callable
from contextlib import ExitStack

from stream.errors import BrokenOffError
from stream.offline import Seen
from stream.progress import Count, RecordingReport, Reporter
from stream.settings import ProcessSettings
from stream.source.naming import Recording
from stream.task import Task, engine_for, run


def process_alone(
    task: Task,
    settings: ProcessSettings,
    reporter: Reporter,
    *,
    watch: Callable[[Recording, Seen], None] = lambda source, seen: None,
) -> None:
    """Process one recording and say how it goes.

    Args:
        task: which.
        settings: how.
        reporter: told how it goes.
        watch: sees every frame.

    Raises:
        BrokenOffError: it ends before its own end; what came before is saved.
        DivergentError: whatever else a user can mend.
        Interrupted: a signal came; its notes say what was kept.
    """
    follower = _Follower(reporter)
    with ExitStack() as stack:
        result = run(
            task,
            settings,
            lambda: stack.enter_context(engine_for(settings, reporter.say)),
            follower,
            watch,
        )
    follower.end()
    reporter.say(result.in_words())
    if result.status == "broken off":
        raise BrokenOffError(result.message)


class _Follower:
    """Tells a reporter."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._report: RecordingReport | None = None

    def begin(self, name: str, frames: int | None) -> None:
        self._report = self._reporter.begin(name, frames)

    def update(self, count: Count) -> None:
        assert self._report is not None
        self._report.update(count)

    def say(self, line: str) -> None:
        self._reporter.say(line)

    def end(self) -> None:
        """It is through."""
        if self._report is not None:
            self._report.end()
