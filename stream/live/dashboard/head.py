"""What is said of a run as a whole, above its sources."""

from rich.text import Text

from stream.live.dashboard.lines import Part, labelled, length, line
from stream.live.dashboard.styles import CARE, NAME, PLAIN
from stream.live.dashboard.words import clock, milliseconds, share, size
from stream.stats import LiveFigures, MachineFigures, PreviewFigures


def head(figures: LiveFigures, time: str, width: int) -> list[Text]:
    """The run, its engine, the machine and the preview.

    Args:
        figures: of the run.
        time: by the clock on the wall.
        width: characters of a line.
    """
    title: list[Part] = [("divergent-stream live", NAME)]
    title.append(f"   running {clock(figures.running_s)}")
    title.append(f"{time:>{max(0, width - length(title))}}")
    engine: list[Part] = [(f" {figures.engine} ", CARE)]
    if figures.engine_period_s > 0:
        engine = [(f"{figures.engine}   {milliseconds(figures.engine_period_s)} ms a batch", PLAIN)]
    lines = [line(title, width), labelled("engine", engine, width)]
    if figures.machine.cpu_percent is not None:
        lines.append(labelled("machine", _machine(figures.machine), width))
    if figures.machine.gpu_name is not None:
        lines.append(labelled("GPU", _gpu(figures.machine), width))
    if figures.preview is not None:
        lines.append(labelled("preview", _preview(figures.preview), width))
    return lines


def _machine(machine: MachineFigures) -> list[Part]:
    parts: list[Part] = [
        f"CPU {machine.cpu_percent:.0f} % of {machine.cpu_cores} cores",
        f"  memory {share(machine.memory_bytes, machine.memory_total_bytes)}",
    ]
    if machine.program_percent is not None:
        cores = machine.program_percent / 100
        parts.append(f"  program {cores:.2f} cores, {size(machine.program_bytes)}")
    return parts


def _gpu(machine: MachineFigures) -> list[Part]:
    used, clock_mhz, warm = machine.gpu_percent, machine.gpu_clock_mhz, machine.gpu_celsius
    memory = share(machine.gpu_memory_bytes, machine.gpu_memory_total_bytes)
    return [
        machine.gpu_name or "",
        "" if used is None else f"  {used:.0f} % used",
        "" if machine.gpu_memory_bytes is None else f"  memory {memory}",
        "" if clock_mhz is None else f"  {clock_mhz} MHz",
        "" if warm is None else f"  {warm:.0f} °C",
    ]


def _preview(preview: PreviewFigures) -> list[Part]:
    if not preview.is_serving:
        return [preview.address, "   ", (" starting again ", CARE)]
    if not preview.viewers:
        return [f"{preview.address}   nobody looks"]
    return [
        f"{preview.address}   {preview.viewers} look{'s' if preview.viewers == 1 else ''} at it"
    ]
