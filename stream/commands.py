"""What the commands of `divergent-stream` do, once their words are understood."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from nets.extras import require
from stream.alone import process_alone
from stream.archive import process_archive
from stream.errors import SettingsError
from stream.offline import Seen
from stream.progress import Count, Reporter
from stream.settings import ProcessSettings, merged
from stream.sink.containers import FORMATS
from stream.source.listing import list_recordings
from stream.source.naming import Recording
from stream.source.synthetic import SyntheticSource
from stream.summary import print_summary
from stream.tally import Tally
from stream.task import Task

DEMO_LAYOUT = "octagon-right"


def process(
    inputs: list[str],
    output: Path,
    config: Path | None,
    given: dict[str, Any],
    *,
    overwrite: bool,
) -> int:
    """`divergent-stream process`."""
    settings = merged(ProcessSettings, config, given)
    _check_extras(settings)
    with Reporter() as reporter:
        warnings = Tally(lambda line: reporter.say(f"warning: {line}"))
        listing = list_recordings(inputs, outputs=output, warnings=warnings)
        if not listing.several and not output.is_dir():
            if settings.ray is not None:
                raise SettingsError(f"{output}: --ray is for recordings into a folder")
            (listed,) = listing.recordings
            process_alone(Task(listed.name, output, overwrite), settings, reporter)
            rows = []
        else:
            _check_folder(output)
            rows = process_archive(
                listing.recordings, output, settings, reporter, overwrite=overwrite
            )
    if rows:
        print_summary(reporter.console, rows)
    print(output)
    return int(any(row.result.status != "finished" for row in rows))


def _check_extras(settings: ProcessSettings) -> None:
    """Say at once, and once for all recordings, what is not installed."""
    if settings.parquet:
        require("pyarrow", "cluster", "--parquet")
    if settings.coco:
        require("pycocotools", "annotation", "--coco")
    if settings.ray is not None:
        require("ray", "cluster", "--ray")


def _check_folder(output: Path) -> None:
    if output.suffix.lower() in FORMATS and not output.is_dir():
        raise SettingsError(f"{output}: names one recording, but several are read: name a folder")
    if output.exists() and not output.is_dir():
        raise SettingsError(f"{output}: is a file, and several recordings need a folder")


def demo(output: Path, seconds: float, seed: int, weights: tuple[str, ...], device: str) -> int:
    """`divergent-stream demo`."""
    if not 0 < seconds < math.inf:
        raise SettingsError(f"--seconds {seconds}: a demo takes some time, and has an end")
    output.mkdir(parents=True, exist_ok=True)
    overlaps: list[tuple[int, int, int]] = []

    def compare(source: Recording, seen: Seen) -> None:
        assert isinstance(source, SyntheticSource)
        truth = source.truth(seen.frame.index)
        rows, columns = seen.mask.box.slices()
        overlap = int(np.count_nonzero(truth[rows, columns] & (seen.mask.inside > 0)))
        overlaps.append((overlap, sum(seen.mask.sizes), int(np.count_nonzero(truth))))

    name = f"synthetic:?seed={seed}&seconds={Fraction(str(seconds))}&layout={DEMO_LAYOUT}"
    recording = output / "annotated.mp4"
    settings = ProcessSettings(weights=weights, device=device)
    with Reporter() as reporter:
        process_alone(Task(name, recording, overwrite=True), settings, reporter, watch=compare)
    overlap, predicted, true = (sum(column) for column in zip(*overlaps, strict=True))
    dice = 2 * overlap / (predicted + true) if predicted + true else 1.0
    with_polyp = sum(1 for _, _, truth in overlaps if truth)
    hit = sum(1 for overlap, _, truth in overlaps if truth and overlap)
    false = sum(1 for _, predicted, truth in overlaps if predicted and not truth)
    print(f"Dice against the ground truth, over all frames: {dice:.3f}")
    print(f"frames with a polyp: {with_polyp}, marked: {hit}")
    print(f"frames without: {len(overlaps) - with_polyp}, falsely marked: {false}")
    print(f"annotated recording: {recording}")
    return 0


def synth(
    output: Path,
    seed: str,
    seconds: str,
    fps: str,
    size: str | None,
    layout: str | None,
    count: int,
    *,
    overwrite: bool,
) -> int:
    """`divergent-stream synth`."""
    from stream.source.synthetic import address
    from stream.synth import VIDEO_SUFFIXES, write_dataset, write_video

    with Reporter() as reporter:
        report = reporter.begin(output.name, None)

        def progress(done: int, total: int) -> None:
            report.frames = total
            report.update(Count(frames=done))

        if output.suffix.lower() not in VIDEO_SUFFIXES:
            if count < 1:
                raise SettingsError(f"--count {count}: write at least one picture")
            measures = {} if size is None else {"size": address.read_size(size)}
            write_dataset(
                output,
                count,
                address.read_seed(seed),
                overwrite=overwrite,
                progress=progress,
                **measures,
            )
            print(output)
            return 0
        length = address.read_seconds(seconds)
        if length is None:
            raise SettingsError("--seconds inf: a file has an end")
        masks = write_video(
            output,
            seed=address.read_seed(seed),
            seconds=length,
            fps=address.read_fps(fps),
            size=address.read_size(size or "1920x1080"),
            layout=layout,
            overwrite=overwrite,
            progress=progress,
        )
    print(output)
    print(masks)
    return 0


def probe(name: str | None, asked: dict[str, str | None], still: Path | None) -> int:
    """`divergent-stream probe`."""
    from stream.probing import print_devices, probe_live, probe_recording
    from stream.source.asked import Asked
    from stream.source.live import is_live
    from stream.source.synthetic.address import read_fps, read_size

    if name is None:
        print_devices()
    elif is_live(name):
        size, rate = asked["size"], asked["rate"]
        wanted = Asked(
            pixel_format=asked["pixel_format"],
            size=None if size is None else read_size(size),
            rate=None if rate is None else read_fps(rate),
        )
        probe_live(name, wanted, still)
    else:
        probe_recording(name, still)
    return 0
