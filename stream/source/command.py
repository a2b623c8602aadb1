"""Sources that another program reads: `exec:ffmpeg -f decklink -i ... -f nut -`.

For capture cards that PyAV's FFmpeg does not know. The program writes video to its standard output,
in any container that says what it holds (NUT), or as bare samples; no shell is between.
"""

import shlex
from collections.abc import Iterator

import av
import av.container

from stream.errors import SettingsError, SourceError, UnusableSourceError
from stream.source.address import COMMAND, redacted
from stream.source.arrival import Arrival
from stream.source.asked import Asked
from stream.source.incoming import Opened
from stream.source.network import ANALYSE_S, MICROSECONDS
from stream.source.program import Program
from stream.source.reading import StreamSource
from stream.tally import Tally

READ_BYTES = 1 << 20
"""What FFmpeg asks for at a time: a picture of 1080p in a few pieces."""


def words_of(address: str) -> list[str]:
    """The program and its arguments.

    Raises:
        SettingsError: there is none, or a quote that nothing closes.
    """
    try:
        words = shlex.split(address.removeprefix(COMMAND))
    except ValueError as problem:
        raise SettingsError(f"{redacted(address)}: {str(problem).lower()}") from problem
    if not words:
        raise SettingsError(f"{COMMAND} names no program: {COMMAND}ffmpeg ... -f nut -")
    return words


class CommandSource:
    """A live source that a program of its own reads; see `LiveSource`.

    It is over where the program ends with status 0, and lost where it ends in any other way.
    """

    def __init__(self, address: str, asked: Asked, warnings: Tally) -> None:
        """Start the program, and wait for its video.

        Args:
            address: the scheme with a command line, quoted as in a shell.
            asked: with a pixel format, what comes are bare samples of that format, size and rate.
            warnings: counts what is damaged.

        Raises:
            UnusableSourceError: there is no such program, or it sends nothing that is video.
            SourceError: it ended, or sends nothing.
            SettingsError: the command makes no sense.
        """
        self._shown = redacted(address)
        form, options = _form(self._shown, asked)
        self._program = Program(words_of(address), self._shown, asked.open_s)
        try:
            container = self._open(form, options)
            self._program.patience_s = asked.silent_s
            self._stream = StreamSource(Opened(container, self._shown), asked, warnings)
        except BaseException:
            self._program.close()
            raise

    def _open(self, form: str | None, options: dict[str, str]) -> av.container.InputContainer:
        try:
            return av.open(
                self._program,
                "r",
                format=form,
                options=options,
                buffer_size=READ_BYTES,
                metadata_errors="replace",
            )
        except (av.FFmpegError, ValueError) as problem:
            how = self._program.end() or (
                "sends nothing that is video: -f nut - ends an ffmpeg command"
                if self._program.received
                else "ended before it sent anything"
            )
            raise self._lost(how) from problem

    def __iter__(self) -> Iterator[Arrival]:
        """All that arrives; see `LiveSource`."""
        try:
            yield from self._stream
        except SourceError as problem:
            if (ended := self._program.end()) is None:
                raise
            raise self._lost(ended) from problem
        if ended := self._program.end():
            raise self._lost(ended)

    def _lost(self, how: str) -> SourceError:
        return SourceError(f"{self._shown}: {how}")

    def is_connected(self) -> bool | None:
        """Not known here."""
        return None

    def close(self) -> None:
        """End the program."""
        self._program.close()
        self._stream.close()


def _form(shown: str, asked: Asked) -> tuple[str | None, dict[str, str]]:
    """How FFmpeg reads it: by looking at it, or as bare samples."""
    if asked.pixel_format is None:
        return None, {"analyzeduration": str(int(ANALYSE_S * MICROSECONDS))}
    if asked.size is None or asked.rate is None:
        raise UnusableSourceError(
            f"{shown}: bare samples need --input-format, --input-size and --input-rate"
        )
    try:
        av.VideoFormat(asked.pixel_format)
    except ValueError:
        said = f"{shown}: FFmpeg knows no pixel format {asked.pixel_format}"
        raise UnusableSourceError(said) from None
    width, height = asked.size
    return "rawvideo", {
        "pixel_format": asked.pixel_format,
        "video_size": f"{width}x{height}",
        "framerate": str(asked.rate),
    }
