"""What happened in a run: the latest lines, and the warnings among them for longer."""

import textwrap
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from stream.live.dashboard.lines import heading, line
from stream.live.dashboard.styles import LABEL, NAME, PLAIN

KEPT = 200


@dataclass(slots=True)
class Entry:
    """A line, when it was said last, and how often in a row."""

    time: str
    said: str
    times: int = 1


class Log:
    """Lines with their times; the same one said again and again is one."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        """Nothing happened yet."""
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._now = now

    def add(self, said: str) -> None:
        """Something happened."""
        time, said = f"{self._now():%H:%M:%S}", " ".join(said.split())
        if self.entries and self.entries[-1].said == said:
            self.entries[-1].time = time
            self.entries[-1].times += 1
        else:
            self.entries.append(Entry(time, said))

    def lines(
        self, width: int, height: int, warnings: Sequence[str], *, plain: bool = False
    ) -> list[Text]:
        """The latest of it; warnings that would be gone stand first, in half of the lines.

        Args:
            width: characters of a line.
            height: lines, the heading too.
            warnings: which of them are warnings.
            plain: with signs that every terminal knows.
        """
        if height < 2:
            return []
        grave = {" ".join(warning.split()) for warning in warnings}
        wrapped = [(entry, _wrapped(entry, width)) for entry in self.entries]
        latest, room = [], height - 1
        for entry, lines in reversed(wrapped):
            if len(lines) > room:
                break
            latest.append((entry, lines))
            room -= len(lines)
        kept = self._kept(wrapped[: len(wrapped) - len(latest)], grave, (height - 1) // 2)
        while kept and latest and room < sum(len(lines) for _, lines in kept):
            room += len(latest.pop()[1])
        shown = [heading("what happened", None, width, plain=plain)]
        for entry, lines in (*kept, *reversed(latest)):
            style = NAME if entry.said in grave else PLAIN
            for number, words in enumerate(lines):
                time = entry.time if number == 0 else " " * len(entry.time)
                sign = "!" if number == 0 and entry.said in grave else " "
                shown.append(line([(f"{time} ", LABEL), (f"{sign} {words}", style)], width))
        return shown[:height]

    def _kept(
        self, older: list[tuple[Entry, list[str]]], grave: set[str], space: int
    ) -> list[tuple[Entry, list[str]]]:
        """Of what is not shown otherwise, the warnings that fit into the space."""
        kept: list[tuple[Entry, list[str]]] = []
        for entry, lines in reversed(older):
            if entry.said in grave and space:
                shown = lines[:space]
                if len(shown) < len(lines):
                    shown[-1] += " …"
                kept.insert(0, (entry, shown))
                space -= len(shown)
        return kept


def _wrapped(entry: Entry, width: int) -> list[str]:
    again = f" ({entry.times} times)" if entry.times > 1 else ""
    return textwrap.wrap(entry.said + again, max(20, width - 11), break_on_hyphens=False) or [""]
