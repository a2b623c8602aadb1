"""Renders the report: one file that needs nothing but the recording beside it."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from stream.finishing import finished
from stream.quality import Fault
from stream.report import chart, words
from stream.report.card import card_html
from stream.report.log import RecordingLog
from stream.report.stretches import Stretch
from stream.sightings import Sighting

LONGEST_STRETCHES = 20
"""So many stretches without a usable picture are listed; the time line shows all."""

MANY_SIGHTINGS = 60
"""From more on their cards are smaller."""

PLAYABLE = (".mp4", ".mov")
"""What a browser may play; where it cannot, the player hides itself."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says.

    Attributes:
        title: name of the recording.
        written: when, in words.
        files: the annotated recording's files, and the media second at which each begins.
        facts: of the recording and of the run, as pairs of label and value.
        speed: of the run, in words.
        log: what was noted of every frame.
        frame_s: length of a frame in seconds.
        sightings: in order.
        settings: by name.
        weights: name of the ensemble.
        card: its model card in Markdown; empty where it has none.
        notes: what was not as it should be, a line each.
        broken_off: the recording ends before its own end.
        bookmarks: moments that somebody marked: the media second, and what was noted.
        segmented: each file counts its own time from 0, instead of going on with the last's.
    """

    title: str
    written: str
    files: Sequence[tuple[str, float]]
    facts: Sequence[tuple[str, str]]
    speed: str
    log: RecordingLog
    frame_s: float
    sightings: Sequence[Sighting]
    settings: Mapping[str, Any]
    weights: str
    card: str
    notes: Sequence[str]
    broken_off: bool = False
    bookmarks: Sequence[tuple[float, str]] = ()
    segmented: bool = False


def write_report(path: Path, report: Report, *, overwrite: bool = False) -> None:
    """Write a report, whole or not at all.

    Args:
        path: of the page; it links to the recording's files beside it.
        report: what it says.
        overwrite: replace a file of this name.

    Raises:
        OutputExistsError: the file exists and may not be replaced.
        SinkError: it cannot be written.
    """
    html = render(report)
    with finished(path, overwrite) as partial:
        # A file's name may be no text; its links hold it byte for byte.
        partial.write_text(html, encoding="utf-8", errors="replace")


def render(report: Report) -> str:
    """The page; every text in it is escaped, and nothing but its own script can run in it."""
    style, script = _own("page.css"), _own("page.js")
    log = report.log
    end = log.last + report.frame_s
    scale = chart.Scale(log.first, end)
    stretches = log.stretches(end)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"clock": words.clock, "span": words.span, "percent": words.percent}
    return environment.from_string(_own("page.html.jinja")).render(
        report=report,
        style=style,
        script=script,
        policy=_policy(style, script),
        link=_Links(report.files, report.segmented),
        scale=scale,
        length=end - log.first,
        with_polyp=log.with_polyp / max(log.frames, 1),
        sightings=[
            (sighting, _data_url(sighting), _frame_in(sighting)) for sighting in report.sightings
        ],
        many=MANY_SIGHTINGS,
        bars=list(zip(report.sightings, chart.sighting_bars(report.sightings, scale), strict=True)),
        curve=chart.curve_path(log.curve, scale),
        curve_top=chart.curve_top(log.curve),
        stretch_bars=chart.stretch_bars(stretches, scale),
        stretches=sorted(stretches, key=lambda each: -each.seconds)[:LONGEST_STRETCHES],
        stretch_count=len(stretches),
        unusable=sum(stretch.seconds for stretch in stretches) / max(end - log.first, 1e-9),
        faults=_by_fault(stretches),
        settings=_flat(report.settings),
        card=card_html(report.card) if report.card else None,
        count=words.count,
    )


class _Links:
    """Where a moment of the recording can be seen."""

    def __init__(self, files: Sequence[tuple[str, float]], segmented: bool) -> None:
        self._files, self._segmented = files, segmented

    def file(self, seconds: float) -> str | None:
        """The address of the file that holds a moment; None where nothing was recorded."""
        return quote(os.fsencode(self._holding(seconds)[0])) if self._files else None

    def within(self, seconds: float) -> str:
        """The moment as that file counts time."""
        if self._segmented and self._files:
            seconds = max(seconds - self._holding(seconds)[1], 0.0)
        return f"{seconds:.3f}"

    def moment(self, seconds: float) -> str | None:
        """That file with the moment as its fragment (W3C Media Fragments, temporal)."""
        file = self.file(seconds)
        return None if file is None else f"{file}#t={self.within(seconds)}"

    def _holding(self, seconds: float) -> tuple[str, float]:
        begun = [file for file in self._files if file[1] <= seconds + 1e-6]
        return begun[-1] if begun else self._files[0]

    def playable(self) -> str | None:
        """The first file, where a browser may play it."""
        first = self._files[0][0] if self._files else ""
        return quote(os.fsencode(first)) if first.lower().endswith(PLAYABLE) else None


def _own(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What the page may load: its own style and script by their digests, pictures within it."""

    def source(text: str) -> str:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return f"'sha256-{digest}'"

    return (
        f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; "
        "img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _data_url(sighting: Sighting) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(sighting.thumbnail).decode("ascii")


def _frame_in(sighting: Sighting) -> tuple[float, float, float, float]:
    """The polyp's box within its thumbnail: left, top, width and height in hundredths."""
    box, shown = sighting.box, sighting.thumbnail_of
    return (
        round(100 * (box.x - shown.x) / shown.width, 1),
        round(100 * (box.y - shown.y) / shown.height, 1),
        round(100 * box.width / shown.width, 1),
        round(100 * box.height / shown.height, 1),
    )


def _by_fault(stretches: Sequence[Stretch]) -> dict[Fault, float]:
    """Seconds without a usable picture, by reason."""
    total: dict[Fault, float] = {}
    for stretch in stretches:
        total[stretch.fault] = total.get(stretch.fault, 0.0) + stretch.seconds
    return total


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as pairs of dotted name and value."""
    pairs: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            pairs += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            pairs.append((prefix + name, ", ".join(str(each) for each in value) or "–"))
        elif isinstance(value, bool):
            pairs.append((prefix + name, "yes" if value else "no"))
        else:
            pairs.append((prefix + name, "–" if value is None else str(value)))
    return pairs
