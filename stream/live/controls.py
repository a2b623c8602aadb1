"""What somebody at a room's window can do with it: the keys, without a window."""

import threading
import time
from collections.abc import Callable, Sequence

from stream.errors import SettingsError
from stream.health import State
from stream.live.room import Room
from stream.live.shown import Shown
from stream.live.snapshots import Snapshots
from stream.live.sync import SyncRoom
from stream.live.window import Action, Sign
from stream.overlay import Overlay, Style
from stream.recording import LiveRecording, checked_label
from stream.stats import RecorderFigures

STYLES: Sequence[tuple[Style, str]] = (
    ("both", "outline and tint"),
    ("outline", "outline"),
    ("tint", "tint"),
)

THRESHOLD_STEP = 0.05
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.05, 0.95

NEWS_S = 2.5
"""How long it stands in the window what was just done."""

AGAIN_S = 3.0
"""While a recording goes on, only a second q within this time ends it."""

LOW_DISK_MINUTES = 10

NO_FOLDER = "no folder for it: start with --record DIR"


class Controls:
    """A room's keys; safe to use from several threads.

    Attributes:
        case: label for the files that begin from now on.
    """

    def __init__(
        self,
        room: Room | SyncRoom,
        *,
        case: str = "",
        recorder: LiveRecording | None = None,
        snapshots: Snapshots | None = None,
        leave: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is held yet.

        Args:
            room: whose picture is shown.
            case: label for the files' names.
            recorder: of the room; None where there is no folder for recordings.
            snapshots: the same.
            leave: called when somebody has had enough.
            clock: tells monotonic seconds.
        """
        self.case = self._recorded_case = case
        self._room, self._recorder, self._snapshots = room, recorder, snapshots
        self._leave, self._clock = leave, clock
        self._lock = threading.RLock()
        self._seen: Shown | None = None
        self._held = False
        self._news, self._news_until = "", 0.0
        self._quit_until = 0.0
        self._does: dict[Action, Callable[[], str]] = {
            Action.HOLD: self._hold,
            Action.MASKS: self._masks,
            Action.STYLE: self._style,
            Action.STRICTER: lambda: self._threshold(THRESHOLD_STEP),
            Action.LOOSER: lambda: self._threshold(-THRESHOLD_STEP),
            Action.RECORD: self._record,
            Action.BOOKMARK: self._bookmark,
            Action.SNAPSHOT: self._snapshot,
            Action.QUIT: self._quit,
        }

    def see(self, shown: Shown) -> Shown | None:
        """What the window shows when a picture comes; None while one is held."""
        with self._lock:
            if self._held:
                return None
            self._seen = shown
            return shown

    def press(self, action: Action) -> None:
        """Do what a key is for; the window says what was done."""
        with self._lock:
            does = self._does.get(action)
            if does is not None:
                self.tell(does())

    def label(self, text: str) -> None:
        """Name the case, for the files that begin from now on."""
        with self._lock:
            try:
                self.case = checked_label(text)
            except SettingsError as problem:
                self.tell(str(problem))
                return
            self.tell(f"label {self.case}, from the next file on" if self.case else "no label")

    def close(self) -> None:
        """The window was closed: nobody is there to be asked."""
        self._leave()

    def tell(self, news: str) -> None:
        """Have it stand in the window for a moment."""
        with self._lock:
            self._news, self._news_until = news, self._clock() + NEWS_S

    def sign(self) -> Sign:
        """What stands beside the picture now."""
        with self._lock:
            now = self._clock()
            figures = self._recorder.figures(now) if self._recorder is not None else None
            return Sign(
                "" if figures is None else self._recording(figures),
                "; ".join([*self._unseen(), *([] if figures is None else alarms_of(figures))]),
                self._news if now < self._news_until else "",
                held=self._held,
                label=self.case,
            )

    def _unseen(self) -> list[str]:
        """What the live picture would say while another one is held."""
        state = self._room.showing.state
        return [f"source: {state}"] if self._held and state is not State.LIVE else []

    def _recording(self, figures: RecorderFigures) -> str:
        if not figures.recording:
            return ""
        if not figures.name:
            return "REC waits for a picture"
        minutes, seconds = divmod(int(figures.seconds), 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        return " ".join(part for part in ("REC", clock, self._recorded_case) if part)

    def _hold(self) -> str:
        self._held = not self._held
        return ""

    def _masks(self) -> str:
        drawing = self._room.showing.drawing
        drawing.masks = not drawing.masks
        return "masks on" if drawing.masks else "masks hidden"

    def _style(self) -> str:
        drawing = self._room.showing.drawing
        now = [style for style, _ in STYLES].index(drawing.overlay.style)
        style, words = STYLES[(now + 1) % len(STYLES)]
        drawing.overlay = Overlay(style)
        return words

    def _threshold(self, step: float) -> str:
        finding = self._room.finding
        if finding.threshold is None:
            return "no threshold before there is an engine"
        moved = round(finding.threshold + step, 3)
        finding.threshold = min(max(moved, LOWEST_THRESHOLD), HIGHEST_THRESHOLD)
        words = f"threshold {finding.threshold:g}"
        if self._recorder is not None:
            self._recorder.bookmark(words)  # or nobody could tell later what masks were made of
        return words

    def _record(self) -> str:
        if self._recorder is None:
            return NO_FOLDER
        if self._recorder.stop():
            figures = self._recorder.figures(self._clock())
            lost = 0 if figures is None else sum(figures.lost.values())
            return f"recording ended, {lost} frames lost" if lost else "recording ended"
        self._recorded_case = self.case
        return "recording" if self._recorder.start(self.case) else ""

    def _bookmark(self) -> str:
        if self._recorder is not None and self._recorder.bookmark():
            return "bookmark"
        return "no bookmark: nothing is being recorded"

    def _snapshot(self) -> str:
        if self._snapshots is None:
            return NO_FOLDER
        if self._seen is None:
            return "no picture yet"
        return self._snapshots.take(self._seen, self.case, self.tell)

    def _quit(self) -> str:
        now = self._clock()
        if self._is_recording and now >= self._quit_until:
            self._quit_until = now + AGAIN_S
            return "recording: press q again to end"
        self._leave()
        return "ending"

    @property
    def _is_recording(self) -> bool:
        return self._recorder is not None and self._recorder.is_recording


def alarms_of(figures: RecorderFigures) -> list[str]:
    """What has to be known of a recording."""
    lost = sum(figures.lost.values())
    alarms = []
    if figures.failed:
        alarms.append("RECORDING ENDED, it could not go on")
    if lost:
        alarms.append(f"{lost} frames lost")
    minutes = figures.disk_minutes
    if figures.recording and minutes is not None and minutes < LOW_DISK_MINUTES:
        alarms.append(f"disk full in {minutes:.0f} min")
    return alarms
