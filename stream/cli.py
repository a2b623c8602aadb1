"""`divergent-stream`: the commands, their options, and how they end."""

import signal
import sys
import traceback
from collections.abc import Callable
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from cyclopts import App, CycloptsError, Parameter

from stream.bench.options import bench
from stream.helptext import flowing
from stream.interruption import STATUS_OF_SIGNAL, Interrupted, interruptible
from stream.live.options import live, with_port

FAILED, USAGE = 1, 2

app = App(
    name="divergent-stream",
    help="Find polyps in colonoscopy video with DivergentNets. Research software, "
    "not a medical device.",
    help_format="plaintext",  # markdown's own imports would take half the time of --help
    help_epilogue="With --debug, any command shows the trace of what went wrong.",
    version=lambda: metadata.version("divergentnets"),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)

ANY_CLUSTER = "auto"

Command = TypeVar("Command", bound=Callable[..., int])


def command(function: Command) -> Command:
    """Register a command; its help flows, and does not break where the source does."""
    function.__doc__ = flowing(function.__doc__ or "")
    app.command(function)
    return function


Precision = Literal["auto", "f32", "f16", "bf16", "int8"]
WeightsOption = Annotated[
    list[str] | None, Parameter(("--weights", "-w"), consume_multiple=True, negative=())
]


@command
def process(
    inputs: Annotated[list[str], Parameter(name="INPUT", negative=())],
    /,
    *,
    output: Annotated[Path, Parameter(("--output", "-o"))],
    overwrite: Annotated[bool, Parameter(("-y", "--overwrite"), negative=())] = False,
    config: Path | None = None,
    weights: WeightsOption = None,
    device: str | None = None,
    precision: Precision | None = None,
    view: str | None = None,
    threshold: float | None = None,
    min_area: float | None = None,
    overlay: bool | None = None,
    style: Literal["both", "outline", "tint"] | None = None,
    codec: Literal["h264", "hevc", "av1", "ffv1"] | None = None,
    crf: float | None = None,
    bitrate: str | None = None,
    preset: str | None = None,
    encoder: Literal["software", "auto"] | None = None,
    decoder: Literal["software", "auto"] | None = None,
    deinterlace: bool | None = None,
    container: Literal["mp4", "mov", "mkv"] | None = None,
    workers: int | None = None,
    ray: Annotated[bool | str | None, Parameter(negative=())] = None,
    masks: bool | None = None,
    mask_images: bool | None = None,
    frames: int | None = None,
    parquet: bool | None = None,
    coco: bool | None = None,
    cvat: bool | None = None,
    segmentation: bool | None = None,
    report: bool | None = None,
    redact: bool | None = None,
    smoothing: float | None = None,
) -> int:
    """Write annotated copies of recordings, and tables of what was found in every frame.

    Several recordings go into a folder that keeps a journal: run the same command again, and
    what is finished is skipped.

    Parameters
    ----------
    inputs
        Recordings, DICOM too, folders of them (searched with all below), folders of pictures (one
        recording each), quoted globs, @FILE (a list, one name a line), URLs, or
        synthetic:?seed=7&seconds=10.
    output
        For one recording, the annotated one: .mp4 keeps times exactly; .mkv and .mov can be
        had. NAME.frames.csv, NAME.sightings.json, NAME.report.html and NAME.settings.yaml come
        with it. For several, a folder.
    overwrite
        Replace outputs that are there, and process finished recordings again.
    config
        YAML with any of these settings, and those of sightings; what is given here wins.
    weights
        A bundle, one or more checkpoints, student (one small network that ships), or fixed: (no
        networks, always one ellipse).
        Default: the compact ensemble that ships.
    device
        auto, cpu, eager (the slow reference) or cuda[:N]. Default: auto.
    precision
        Arithmetic: auto is bf16 on a processor that has it and half precision on a GPU; int8 is
        for a bundle that divergent-train quantise made. Default: auto.
    view
        Where the endoscope's picture is: auto, full or x,y,width,height. Default: auto.
    threshold
        Of a sample's polyp probability. Default: the bundle's own.
    min_area
        Share of the view below which a region is left out. Default: 0.001.
    overlay
        Draw the masks. Without, the frames go through as they came. Default: yes.
    style
        What is drawn. Default: both.
    codec
        Of the annotated recording; ffv1 is lossless. Default: h264.
    crf
        Quality, lower is better. Default: 20 for h264.
    bitrate
        Bits a second, such as 800k or 4M, instead of a quality.
    preset
        ultrafast ... veryslow. Default: veryfast.
    encoder
        auto tries hardware encoders first. Default: software.
    decoder
        auto tries a GPU's decoder first. Default: software.
    deinterlace
        Make whole pictures of fields. Default: yes.
    container
        Of recordings in a folder. Default: mp4.
    workers
        Processes that share several recordings. Default: 1, on a cluster all it has room for.
    ray
        Share them out on a Ray cluster: HOST:PORT, or nothing for this machine's.
    masks
        Write the probability too, as a lossless grey video: NAME.masks.mp4.
    mask_images
        Write a binary mask for every frame too, as PNG: NAME.masks/.
    frames
        Write every n-th frame too, without its mask, as PNG: NAME.frames/.
    parquet
        Write the table of frames with typed columns too: NAME.frames.parquet.
    coco
        Write the masks for annotation tools, of those frames or else of all: NAME.coco.json.
    cvat
        Write them for CVAT: NAME.cvat.xml.
    segmentation
        Write the masks of sightings too, as a DICOM Segmentation that refers to the recording:
        NAME.segmentation.dcm. For DICOM recordings alone. Default: no.
    report
        Write a page for people. Default: yes.
    redact
        Blank everything outside the endoscope's picture, and drop sound, subtitles, metadata
        and the source's name.
    smoothing
        Seconds over which the probability is steadied. Default: 0, not at all.
    """
    given = {
        "weights": tuple(weights) if weights else None,
        "device": device,
        "precision": precision,
        "view": view,
        "threshold": threshold,
        "min_area": min_area,
        "overlay": overlay,
        "style": style,
        "codec": codec,
        "crf": crf,
        "bitrate": bitrate,
        "preset": preset,
        "encoder": encoder,
        "decoder": decoder,
        "deinterlace": deinterlace,
        "container": container,
        "workers": workers,
        "ray": ANY_CLUSTER if ray is True else ray or None,
        "masks": masks,
        "mask_images": mask_images,
        "frames": frames,
        "parquet": parquet,
        "coco": coco,
        "cvat": cvat,
        "segmentation": segmentation,
        "report": report,
        "redact": redact,
        "smoothing": smoothing,
    }
    from stream import commands

    return commands.process(inputs, output, config, given, overwrite=overwrite)


@command
def demo(
    *,
    output: Annotated[Path, Parameter(("--output", "-o"))] = Path("demo-output"),
    seconds: float = 10.0,
    seed: int = 7,
    weights: WeightsOption = None,
    device: str = "auto",
) -> int:
    """Show it all on a synthetic procedure, and compare the masks with the truth.

    Parameters
    ----------
    output
        Folder; what an earlier demo left there is replaced.
    seconds
        Length of the procedure.
    seed
        Of the procedure.
    weights
        As of process.
    device
        As of process.
    """
    from stream import commands

    return commands.demo(output, seconds, seed, tuple(weights or ()), device)


@command
def synth(
    *,
    output: Annotated[Path, Parameter(("--output", "-o"))],
    overwrite: Annotated[bool, Parameter(("-y", "--overwrite"), negative=())] = False,
    seed: str = "7",
    seconds: str = "10",
    fps: str = "25",
    size: str | None = None,
    layout: str | None = None,
    count: int | None = None,
) -> int:
    """Write a synthetic procedure with its ground truth, or a set of pictures and masks.

    Parameters
    ----------
    output
        NAME.mp4 gets NAME.masks.mp4 beside it; a folder gets images/ and masks/.
    overwrite
        Replace what is there.
    seed
        Of the scene; training uses seeds from 1000 on, the demo 7.
    seconds
        Length of the video.
    fps
        Frames a second, such as 25 or 30000/1001.
    size
        WIDTHxHEIGHT. Default: 1920x1080 for a video, 640x512 for pictures.
    layout
        Of the processor's panel around the picture. Default: the seed chooses.
    count
        Pictures in the set. Default: 400.
    """
    from stream import commands

    return commands.synth(
        output, seed, seconds, fps, size, layout, count or 400, overwrite=overwrite
    )


@command
def probe(
    source: str | None = None,
    /,
    *,
    still: Annotated[Path | None, Parameter(("--still", "-o"))] = None,
    input_format: str | None = None,
    input_size: str | None = None,
    input_rate: str | None = None,
) -> int:
    """Tell what a source is and what arrives from it; without a source, list video devices.

    Parameters
    ----------
    source
        As INPUT of process, or SOURCE of live, which is watched for three seconds.
    still
        Save one frame there, as PNG, with the view drawn on it.
    input_format
        Pixel format of a device, as of live.
    input_size
        WIDTHxHEIGHT of a device or a screen, as of live.
    input_rate
        Frames a second of a device or a screen, as of live.
    """
    from stream import commands

    asked = {"pixel_format": input_format, "size": input_size, "rate": input_rate}
    return commands.probe(source, asked, still)


command(bench)
command(live)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and end the process with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files need not be text
    try:
        with interruptible():
            status = app(with_port(words), exit_on_error=False, print_error=False)
    except Interrupted as interrupt:
        _complain("; ".join(["interrupted", *getattr(interrupt, "__notes__", ())]))
        status = interrupt.status
    except KeyboardInterrupt:  # Python's own, before the program heeds signals
        _complain("interrupted")
        status = STATUS_OF_SIGNAL + signal.SIGINT
    except Exception as error:
        status = _explained(error, debug)
    sys.exit(status if isinstance(status, int) else 0)


def _explained(error: Exception, debug: bool) -> int:
    """Tell a user what went wrong, in one line, and give the exit status."""
    from stream.source.address import redacted

    if debug:  # libraries put whole addresses into what they raise
        print(redacted("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    if isinstance(error, CycloptsError):
        _complain(f"{error} (--help lists what there is)")
        return USAGE
    from nets.errors import DivergentError
    from stream.errors import SettingsError

    if isinstance(error, DivergentError):
        _complain(str(error))
        return USAGE if isinstance(error, SettingsError) else FAILED
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        _complain("memory does not suffice: end other programs, or raise the limit it is under")
        return FAILED
    where = "" if debug else ": --debug shows where"
    _complain(f"{type(error).__name__}: {error} (a fault of the program{where})")
    return FAILED


def _complain(line: str) -> None:
    from stream.source.address import redacted

    line = redacted(line)
    print(f"divergent-stream: {' '.join(line.split())}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
