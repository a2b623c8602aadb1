"""What `bench --loopback` found, as a table for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

PERCENTILES = ("p50", "p95", "p99", "max")

UNDER = (
    "From when the last of a picture was sent, to its own showing, and to the first showing of a "
    "mask computed from it or a later one."
)


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print everything that was measured."""
    paces = found["paces"]
    engine = paces[0]["engine"]
    table = Table(
        title=f"Glass to glass: {found['size']}, {engine['weights']} on {engine['runs_on']}, "
        f"{engine['period_ms']:g} ms a batch alone",
        title_justify="left",
        caption=UNDER,
        caption_justify="left",
    )
    table.add_column("a second")
    table.add_column("until")
    for name in PERCENTILES:
        table.add_column(f"{name} ms", justify="right")
    table.add_column("pictures")
    for pace in paces:
        sources = f" x {pace['sources']}" if pace["sources"] > 1 else ""
        shown = _of(pace["shown"], pace["sent"], pace["lost"])
        table.add_row(
            f"{pace['fps']:g}{sources}", "shown", *_percentiles(pace["display_ms"]), shown
        )
        off = ", ".join(f"{count} {said}" for said, count in pace["without_mask"].items())
        table.add_row("", "its mask", *_percentiles(pace["annotation_ms"]), off)
        recorded = pace["recorded"]
        if recorded is not None:
            kept = _of(recorded["recorded"], recorded["captured"], recorded["lost"])
            table.add_row("", "recorded", "", "", "", "", kept)
        table.add_section()
    console.print(table)


def _of(count: int, all_: int, lost: Mapping[str, int]) -> str:
    causes = "".join(f", {number} {cause}" for cause, number in lost.items())
    return f"{count} of {all_}{causes}"


def _percentiles(spread: Mapping[str, float]) -> list[str]:
    return [f"{spread[name]:.0f}" if name in spread else "–" for name in PERCENTILES]
