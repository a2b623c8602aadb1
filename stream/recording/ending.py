"""What is left to do when a recording has ended: its sidecars and its report."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import yaml

from stream.apart import Apart
from stream.errors import SinkError
from stream.finishing import finished
from stream.outputs import Outputs
from stream.recording.account import Account, write_account
from stream.recording.bookmarks import Bookmark, write_bookmarks
from stream.recording.findings import Findings
from stream.recording.finisher import Job
from stream.recording.options import About, RecordingOptions
from stream.recording.segments import SUFFIX, Segment
from stream.report import Report, write_report
from stream.report.words import percent, span
from stream.settings import plain
from stream.sightings import write_sightings
from stream.tally import Tally

PLAYED = ("annotated", "clean")
"""The kind of file that a report shows: the first of these that there is."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording whose files are closed.

    Attributes:
        base: folder and name, without a suffix.
        account: of its frames.
        segments: in order.
        findings: of its frames.
        bookmarks: in order.
        options: of the recording.
        about: tells of the run.
        warnings: what was not as it should be.
        ended: local time.
    """

    base: Path
    account: Account
    segments: Sequence[Segment]
    findings: Findings
    bookmarks: Sequence[Bookmark]
    options: RecordingOptions
    about: Callable[[], About]
    warnings: Tally
    ended: datetime

    @property
    def outputs(self) -> Outputs:
        """Where everything goes."""
        return Outputs(self.base.with_name(self.base.name + SUFFIX))

    def jobs(self) -> list[Job]:
        """What is to be done, each by itself: what fails stops nothing else."""
        jobs: list[Job] = [
            lambda apart: self._finish_table(),
            lambda apart: self._write_account(),
            lambda apart: self._write_sightings(),
            lambda apart: self._write_settings(),
        ]
        if self.bookmarks:
            jobs.append(lambda apart: self._write_bookmarks())
        if self.options.report:
            jobs.append(self._write_report)
        return jobs

    def _finish_table(self) -> None:
        self.findings.table.close()

    def _write_account(self) -> None:
        values = self.account.values(self.segments, self.ended)
        write_account(self.outputs.beside("segments.json"), values)

    def _write_bookmarks(self) -> None:
        path = self.outputs.beside("bookmarks.json")
        write_bookmarks(path, self.bookmarks, recording=self.base.name)

    def _write_sightings(self) -> None:
        write_sightings(
            self.outputs.sightings,
            self.findings.sightings(),
            recording=self.base.name,
            settings=plain(self.options.sightings),
        )

    def _write_settings(self) -> None:
        with finished(self.outputs.settings, overwrite=True) as partial:
            text = yaml.safe_dump(dict(self.about().settings), sort_keys=False)
            partial.write_text(text, encoding="utf-8")

    def _write_report(self, apart: Apart) -> None:
        path, report = self.outputs.report, self._report()
        with suppress(SinkError):
            if apart.run(write_report, path, report):
                return
        write_report(path, report)

    def _report(self) -> Report:
        about, log, unit = self.about(), self.findings.log, self.account.unit
        length = max(log.last - log.first, 1e-9)
        return Report(
            title=self.base.name,
            written=self.ended.strftime("%Y-%m-%d %H:%M %z"),
            files=[
                (entry.path.name, float(segment.start * unit))
                for segment in self.segments
                for kind, entry in segment.files.items()
                if kind == self._played
            ],
            facts=self._facts(about),
            speed=f"{max(log.frames - 1, 0) / length:.1f} fps",
            log=log,
            frame_s=length / max(log.frames - 1, 1),
            sightings=self.findings.sightings(),
            settings=about.settings,
            weights=about.weights,
            card=about.card,
            notes=self._notes(),
            bookmarks=[(each.seconds, each.note) for each in self.bookmarks],
            segmented=True,
        )

    @property
    def _played(self) -> str | None:
        kinds = {kind for segment in self.segments for kind in segment.files}
        return next((kind for kind in PLAYED if kind in kinds), None)

    def _facts(self, about: About) -> list[tuple[str, str]]:
        account, log = self.account, self.findings.log
        frames, files = account.frames, sum(len(each.files) for each in self.segments)
        facts = [("Case", account.label)] if account.label else []
        facts += [("Source", about.source)] if about.source and not self.options.redact else []
        facts += [("Room", account.room)] if account.room else []
        facts += [
            ("Started", account.started.strftime("%Y-%m-%d %H:%M:%S %z")),
            ("Picture", log.picture),
            ("View", "none found" if log.view is None else ",".join(str(n) for n in log.view)),
            (
                "Length",
                f"{span(log.last - log.first)}, {len(self.segments)} segments, {files} files",
            ),
            ("Frames captured", f"{frames.captured:,}"),
            ("Frames recorded", f"{frames.recorded:,}"),
            *((f"Frames lost: {reason}", f"{lost:,}") for reason, lost in frames.losses.items()),
            (
                "Frames with a polyp",
                f"{log.with_polyp:,} ({percent(log.with_polyp / max(log.frames, 1))})",
            ),
            ("Ensemble", about.weights),
            ("Ran on", about.runs_on),
            ("Program", f"divergentnets {version('divergentnets')}"),
        ]
        return facts

    def _notes(self) -> list[str]:
        """Warnings; they may name the source, so a redacted report only counts them."""
        notes = self.warnings.lines()
        if self.options.redact and notes:
            return [f"{len(notes)} kinds of warnings, not shown because they may name the source"]
        return notes
