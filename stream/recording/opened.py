"""What there is of a recording from its first picture on."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av

from stream.finishing import partial_of
from stream.recording.account import Account
from stream.recording.clock import Clock
from stream.recording.findings import Findings
from stream.recording.pictures import Pictures
from stream.recording.tracks import COPIED


@dataclass(slots=True)
class Opened:
    """A recording whose files are open.

    Attributes:
        base: folder and name of the recording.
        clock: of the recording.
        pictures: its files.
        findings: what is told of its frames.
        account: of its frames.
        told: segments that its account on the disk knows.
    """

    base: Path
    clock: Clock
    pictures: Pictures
    findings: Findings
    account: Account
    told: int = 0

    def beside(self, suffix: str) -> Path:
        """A file of the recording as a whole."""
        return self.base.with_name(self.base.name + suffix)

    def settle_accounts(self, reason: str) -> None:
        """Nothing more comes: count what did not reach the disk, and what is missing at the end.

        Args:
            reason: why pictures of files that broke off are lost.
        """
        frames, packets = self.account.frames, self.account.packets
        for file in self.pictures.broken:
            missing = file.pictures - readable_pictures(partial_of(file.path))
            ledger = packets if file.how == COPIED else frames
            ledger.take_back(max(missing, 0), reason)
        for ledger in (frames, packets):
            ledger.close()


def readable_pictures(path: Path) -> int:
    """How many whole pictures a file holds that was left as it was; the last may be cut in two."""
    pictures = 0
    with suppress(av.FFmpegError, OSError), av.open(f"file:{path}") as container:
        for packet in container.demux(video=0):
            pictures += packet.size > 0 and not packet.is_corrupt
    return pictures
