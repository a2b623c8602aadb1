"""The words of `divergent-stream live`: imports little, so that help is quick."""

from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

USUAL_PORT = "8808"
PREVIEW = "--preview"


def with_port(words: list[str]) -> list[str]:
    """The words of a command line, `--preview` with the port that it means where it has none.

    >>> with_port(["live", "--preview", "/dev/video0"])
    ['live', '--preview', '8808', '/dev/video0']
    """
    spelled: list[str] = []
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        spelled.append(word)
        if word == PREVIEW and not following.isdigit():
            spelled.append(USUAL_PORT)
    return spelled


def live(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    config: Path | None = None,
    weights: Annotated[
        list[str] | None, Parameter(("--weights", "-w"), consume_multiple=True, negative=())
    ] = None,
    device: str | None = None,
    precision: Literal["auto", "f32", "f16", "bf16", "int8"] | None = None,
    view: str | None = None,
    threshold: float | None = None,
    min_area: float | None = None,
    persistence_s: float | None = None,
    mask_age_limit_s: float | None = None,
    overlay: bool | None = None,
    style: Literal["both", "outline", "tint"] | None = None,
    sync: Annotated[bool | None, Parameter(negative=())] = None,
    batch: int | None = None,
    max_wait_ms: float | None = None,
    hang_s: float | None = None,
    realtime: Annotated[bool | None, Parameter(negative=())] = None,
    loop: Annotated[bool | None, Parameter(negative=())] = None,
    input_format: str | None = None,
    input_size: str | None = None,
    input_rate: str | None = None,
    deinterlace: bool | None = None,
    record: Path | None = None,
    recorded: Literal["both", "annotated", "clean"] | None = None,
    standby: Annotated[bool | None, Parameter(negative=())] = None,
    label: str | None = None,
    segment: str | None = None,
    segment_size: str | None = None,
    keep_free: str | None = None,
    codec: Literal["h264", "hevc", "av1", "ffv1"] | None = None,
    crf: float | None = None,
    bitrate: str | None = None,
    preset: str | None = None,
    encoder: Literal["software", "auto"] | None = None,
    masks: bool | None = None,
    report: bool | None = None,
    redact: bool | None = None,
    preview: int | None = None,
    preview_address: str | None = None,
    preview_token: str | None = None,
    publish: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    show: bool | None = None,
    monitor: Annotated[list[int] | None, Parameter(consume_multiple=True, negative=())] = None,
    metrics: int | None = None,
    duration: float | None = None,
    json: Annotated[bool | None, Parameter(negative=())] = None,
) -> int:
    """Show live sources with the polyps that are found in them, at once and all day.

    Every frame is shown as it arrives, with the newest mask and its age. A mask that is too old
    is taken away, and AI OFF stands on the picture until masks flow again. Ctrl-C ends it.

    Parameters
    ----------
    sources
        Devices (/dev/video0, camera:0), streams (rtsp://, udp://, http://), what another program
        reads (exec:ffmpeg ... -f nut -), the screen (x11grab::0), synthetic:?seed=7&fps=25, or
        with --realtime recordings. Several share one engine.
    config
        YAML with any of these settings, and those of sightings; what is given here wins.
    weights
        A bundle, one or more checkpoints, student (one small network that ships), or fixed: (no
        networks, always one ellipse).
        Default: the compact ensemble that ships.
    device
        auto, cpu, eager (the slow reference) or cuda[:N]. Default: auto.
    precision
        Arithmetic, as of process. Default: auto.
    view
        Where the endoscope's picture is: auto, full or x,y,width,height. Default: auto.
    threshold
        Of a sample's polyp probability. Default: the bundle's own.
    min_area
        Share of the view below which a region is left out. Default: 0.001.
    persistence_s
        Seconds that a region has to stand before it is drawn. Default: 0.1.
    mask_age_limit_s
        Seconds from the arrival of a mask's frame after which it is taken away. Default: 0.25.
    overlay
        Draw the masks. Default: yes.
    style
        What is drawn. Default: both.
    sync
        Show each frame with its own mask, later, instead of at once with the newest one.
    batch
        With --sync, frames of one source that go to the engine together. Default: 1.
    max_wait_ms
        With --sync, how long the first of a batch waits for the others. Default: 40.
    hang_s
        Seconds after which an engine that does not answer is ended and started again. Default: 2.
    realtime
        Play recordings at their own pace.
    loop
        Play recordings again and again.
    input_format
        Pixel format of a device: mjpeg, yuyv422, nv12 ... Default: what it prefers.
    input_size
        WIDTHxHEIGHT of a device or a screen. Default: what it prefers.
    input_rate
        Frames a second of a device or a screen. Default: what it prefers.
    deinterlace
        Make whole pictures of fields. Default: yes.
    record
        Folder to record into, from the first picture on. Files play while they grow; tables and a
        report come at the end (docs/live-recording.md).
    recorded
        The annotated picture, the clean one (a copy of what arrives compressed), or both.
        Default: both.
    standby
        With --record, wait for the key r.
    label
        Of the case, for the names of files. Never a patient's name.
    segment
        Begin the next file after 90s, 10min or 1h.
    segment_size
        Begin the next file before 700MB or 2GB.
    keep_free
        Stop recording when no more of the disk is left. Default: 1GiB.
    codec
        Of what is encoded; ffv1 is lossless. Default: h264.
    crf
        Quality, lower is better. Default: 20 for h264.
    bitrate
        Bits a second, such as 800k or 4M, instead of a quality.
    preset
        ultrafast ... veryslow. Default: ultrafast.
    encoder
        auto tries hardware encoders first. Default: software.
    masks
        Record the probability too, as a lossless grey video.
    report
        Write a page for people at a recording's end. Default: yes.
    redact
        Blank everything outside the endoscope's picture before it is recorded or leaves the
        machine, and drop the source's name.
    preview
        Show the pictures to browsers on this port, without a number on 8808.
    preview_address
        Address of this machine where the preview listens. Default: 127.0.0.1, this machine alone.
    preview_token
        What viewers are asked for; needed where others can reach the address. A configuration
        file keeps it out of the list of processes.
    publish
        Send the annotated picture of each source to rtsp://SERVER/PATH, udp://ADDRESS:PORT,
        https://[TOKEN@]SERVER/PATH (WHIP) or /dev/videoN (a virtual camera), one for each source,
        in their order.
    show
        Open a window a source, where there is a display; h lists its keys. Default: yes.
    monitor
        Fill monitors with the windows, in the order of the sources: --monitor 2, --monitor 1 2.
    metrics
        Port on this machine at which Prometheus can read the figures.
    duration
        Seconds after which to end, from when pictures and the engine are there, or a minute
        after the start.
    json
        Print the figures of each second as a line of JSON.
    """
    given = {
        "weights": tuple(weights) if weights else None,
        "device": device,
        "precision": precision,
        "view": view,
        "threshold": threshold,
        "min_area": min_area,
        "persistence_s": persistence_s,
        "mask_age_limit_s": mask_age_limit_s,
        "overlay": overlay,
        "style": style,
        "sync": sync,
        "batch": batch,
        "max_wait_ms": max_wait_ms,
        "hang_s": hang_s,
        "realtime": realtime,
        "loop": loop,
        "input_format": input_format,
        "input_size": input_size,
        "input_rate": input_rate,
        "deinterlace": deinterlace,
        "record": record,
        "recorded": recorded,
        "standby": standby,
        "label": label,
        "segment": segment,
        "segment_size": segment_size,
        "keep_free": keep_free,
        "codec": codec,
        "crf": crf,
        "bitrate": bitrate,
        "preset": preset,
        "encoder": encoder,
        "masks": masks,
        "report": report,
        "redact": redact,
        "preview": preview,
        "preview_address": preview_address,
        "preview_token": preview_token,
        "publish": tuple(publish) if publish else None,
        "show": show,
        "monitor": tuple(monitor) if monitor else None,
        "metrics": metrics,
        "duration": duration,
        "json": json,
    }
    from stream.live.command import live as run

    return run(sources, config, given)
