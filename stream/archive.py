"""Many recordings into a folder: finished ones are skipped, a failed one stops no other.

listing → plan (journal) → one by one · workers → journal → summary
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stream.child import Said
from stream.cluster import ClusterWorkers
from stream.finishing import left_partial
from stream.journal import STARTED, Journal
from stream.plan import Planned, digest_of, make_plan
from stream.progress import Count, RecordingReport, Reporter
from stream.report.words import count
from stream.settings import ProcessSettings
from stream.source.address import redacted
from stream.source.listing import Listed
from stream.summary import Row, told, write_summary
from stream.task import Result, Task, attempt, engine_for
from stream.worker import Began, Ended, Event, Handed, Progressed
from stream.workers import Workers


def process_archive(
    listed: Sequence[Listed],
    folder: Path,
    settings: ProcessSettings,
    reporter: Reporter,
    *,
    overwrite: bool = False,
) -> list[Row]:
    """Process recordings into a folder, with a journal, and sum them up.

    Args:
        listed: which.
        folder: of the outputs; made if it is not there.
        settings: how, and with how many workers.
        reporter: told how it goes.
        overwrite: process again what an earlier run finished, and replace any output.

    Returns:
        What became of each, in order; those skipped with what became of them earlier.

    Raises:
        DivergentError: nothing can be processed: no weights, a folder that cannot be written.
        Interrupted: a signal came; its notes say what was kept.
    """
    digest = digest_of(settings)
    with Journal(folder) as journal:
        plan = make_plan(listed, folder, journal, settings, digest, overwrite=overwrite)
        run = _Run(plan, folder, journal, reporter)
        if journal.damaged:
            reporter.say(f"warning: {journal.path}: {journal.damaged} lines cannot be read")
        run.process(settings)
        rows = run.rows()
        write_summary(folder, rows)
    return rows


class _Run:
    """One run over a plan."""

    def __init__(
        self, plan: Sequence[Planned], folder: Path, journal: Journal, reporter: Reporter
    ) -> None:
        self._plan, self._folder, self._journal = plan, folder, journal
        self._reporter = reporter
        self._results: dict[Path, Result] = {}
        self._reports: dict[Path, RecordingReport] = {}
        self._planned = {folder / item.output: item for item in plan}
        self._to_do = [item for item in plan if item.result is None]

    def rows(self) -> list[Row]:
        """What became of each recording of the plan."""
        return [
            Row(
                item.shown,
                str(item.output),
                item.result or self._results[self._folder / item.output],
                earlier=item.earlier,
            )
            for item in self._plan
        ]

    def process(self, settings: ProcessSettings) -> None:
        """Process what is left to do."""
        for item in self._plan:
            if item.redacted:
                self._reporter.say(f"{redacted(item.listed.name)} is called {item.output}")
            if item.result is not None and not item.earlier:
                self._tell(item, item.result)
        earlier = sum(item.earlier for item in self._plan)
        if earlier:
            self._reporter.say(f"{earlier} of {len(self._plan)} were done by an earlier run")
        if not self._to_do:
            return
        self._reporter.expect(len(self._to_do), sum(item.weight for item in self._to_do))
        tasks = [
            Task(item.listed.name, self._folder / item.output, item.overwrite)
            for item in self._to_do
        ]
        try:
            together = self._together(tasks, settings)
            if together is None:
                self._say_how_many(1)
                self._one_by_one(tasks, settings)
                return
            with together as workers:
                self._say_how_many(workers.at_a_time)
                for task, event in workers.events():
                    self.take(task, event)
        except KeyboardInterrupt as interrupt:
            self._say_what_is_kept(interrupt)
            raise

    def _together(
        self, tasks: Sequence[Task], settings: ProcessSettings
    ) -> Workers | ClusterWorkers | None:
        """Who shares the tasks out; None where it is this process that does them."""
        if settings.ray is not None:
            return ClusterWorkers(tasks, settings, self._journal.path)
        most = min(settings.workers or 1, len(tasks))
        return Workers(tasks, settings, most) if most > 1 else None

    def _say_how_many(self, at_a_time: int) -> None:
        together = f", {at_a_time} at a time" if at_a_time > 1 else ""
        self._reporter.say(f"{count(len(self._to_do), 'recording')} to process{together}")

    def _one_by_one(self, tasks: Sequence[Task], settings: ProcessSettings) -> None:
        with engine_for(settings) as engine:
            for task in tasks:
                self.take(task, Handed())
                result = attempt(task, settings, lambda: engine, _Follower(self, task))
                self.take(task, Ended(result))

    def take(self, task: Task | None, event: Event) -> None:
        """Follow what happens, wherever it happens."""
        if task is None:
            if isinstance(event, Said):
                self._reporter.say(event.line)
            return
        item = self._planned[task.output]
        match event:
            case Handed():
                self._journal.add(item.identity, item.output, STARTED, {})
            case Began(_, frames):
                report = self._reporter.begin(str(item.output.with_suffix("")), frames, item.weight)
                self._reports[task.output] = report
            case Progressed(count):
                self._reports[task.output].update(count)
            case Said(line):
                self._reporter.say(f"{item.shown}: {line}")
            case Ended(result):
                self._end(task, item, result)

    def _end(self, task: Task, item: Planned, result: Result) -> None:
        """Keep a result."""
        result = item.told(result)
        self._results[task.output] = result
        facts = {**asdict(result), **asdict(result.count)}
        del facts["status"], facts["count"]
        self._journal.add(item.identity, item.output, result.status, facts)
        report = self._reports.pop(task.output, None)
        if report is None:
            report = self._reporter.begin(str(item.output), None, item.weight)
        report.update(result.count)
        report.end()
        self._tell(item, result)

    def _tell(self, item: Planned, result: Result) -> None:
        """One line at the end of a recording."""
        if result.status != "finished":
            self._reporter.say(told(item.shown, result))
        elif not self._reporter.console.is_terminal:
            self._reporter.say(f"finished: {item.shown}: {result.in_words()}")

    def _say_what_is_kept(self, interrupt: KeyboardInterrupt) -> None:
        begun = [task for task in self._reports if task not in self._results]
        kept = [str(path) for output in begun for path in left_partial(output)]
        if kept and not getattr(interrupt, "__notes__", None):
            interrupt.add_note(f"what was recorded until now plays in {', '.join(kept)}")
        done = len(self._plan) - len(self._to_do) + len(self._results)
        interrupt.add_note(
            f"{done} of {len(self._plan)} recordings are done: the same command does the rest"
        )


class _Follower:
    """Follows a task of this very process."""

    def __init__(self, run: _Run, task: Task) -> None:
        self._run, self._task = run, task

    def begin(self, name: str, frames: int | None) -> None:
        self._run.take(self._task, Began(name, frames))

    def update(self, count: Count) -> None:
        self._run.take(self._task, Progressed(count))

    def say(self, line: str) -> None:
        self._run.take(self._task, Said(line))
