"""What `bench` found, as tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from stream.bench.machine import is_busy

BUSY = ": the machine is busy, trust none of the figures"
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
HEADS = ("p50 ms", "p95 ms", "p99 ms", "max ms")


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print everything that was measured."""
    console.print(_facts("The machine", _machine(found)))
    console.print(
        _table(
            "A frame, stage by stage, one after another",
            ("stage", *HEADS, "a second"),
            [
                (name, *_percentiles(times), _rate(times["per_second"]))
                for name, times in found["stages"].items()
            ],
        )
    )
    console.print(
        _table(
            "Frames that arrive by the clock: from arrival to a drawn mask",
            ("a second", "rooms", *HEADS, "shown", "skipped"),
            [
                (
                    f"{pace['fps']:g}",
                    f"{pace['rooms']}",
                    *_percentiles(pace),
                    f"{pace['shown']}",
                    f"{pace['skipped']}",
                )
                for pace in found["paced"]
            ],
        )
    )
    console.print(
        _table(
            "The ensemble, flat out, and the share of the machine's own rates",
            ("batch", *HEADS, "a second", "matrix rate", "copy rate"),
            [
                (
                    f"{batch['batch']}",
                    *_percentiles(batch),
                    _rate(batch["pictures_per_second"]),
                    _share(batch, "share_of_matrix_rate"),
                    _share(batch, "share_of_copy_bandwidth"),
                )
                for batch in found["batches"]
            ],
        )
    )
    console.print(_facts("Altogether", _altogether(found)))


def _machine(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    machine, engine, rates = found["machine"], found["engine"], found["rates"]
    has = f", {' '.join(machine['has'])}" if machine["has"] else ""
    facts = [("processor", f"{machine['processor']}, {machine['cores']} cores{has}")]
    if "gpu" in machine:
        facts.append(("GPU", f"{machine['gpu']}, {machine['gpu_memory_gib']} GiB"))
    facts += [
        ("load before", f"{machine['load_before']}" + (BUSY if is_busy(machine) else "")),
        ("engine", f"{engine['weights']} on {engine['runs_on']}"),
    ]
    if "gflop_a_picture" in engine:
        counted = f"{engine['gflop_a_picture']:.1f} GFLOP a picture, "
        facts.append(("ensemble", counted + f"{engine['million_parameters']:.1f} M parameters"))
    flop, copied = rates["flop_per_second"] / 1e9, rates["bytes_per_second"] / 1e9
    return [
        *facts,
        ("matrix rate", f"{flop:.0f} GFLOP/s in {rates['arithmetic']}"),
        ("copy rate", f"{copied:.1f} GB/s read and written"),
    ]


def _altogether(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    flat_out, first = found["flat_out"], found["first_mask"]
    facts = [
        (
            "whole chain",
            f"{flat_out['frames_per_second']:.1f} frames a second, "
            f"{flat_out['share']:.2f} of the chain without networks",
        ),
        ("first mask", f"{first['seconds']:.2f} s after the start of a process"),
        ("its memory", _mib(first["memory_mib"])),
        ("memory here", _mib(found["memory_mib"])),
    ]
    authors = found.get("authors")
    if authors:
        facts.append(
            (
                "authors' way",
                f"{found['authors_ratio']:.2f} times as fast: {authors['engine_ms']:.1f} ms "
                f"against {authors[authors['baseline'] + '_ms']:.1f} ms ({authors['baseline']})",
            )
        )
    return facts


def _facts(title: str, facts: Sequence[tuple[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in facts:
        table.add_row(name, value)
    return table


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _percentiles(times: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(f"{times[name]:.1f}" for name in PERCENTILES)


def _rate(per_second: float) -> str:
    return f"{per_second:.1f}"


def _share(batch: Mapping[str, float], name: str) -> str:
    return f"{batch[name]:.0%}" if name in batch else "–"


def _mib(memory: Mapping[str, float]) -> str:
    return ", ".join(f"{value:.0f} MiB {name.replace('_', ' ')}" for name, value in memory.items())
