"""What has to be so when a live run is over: counts that add up, files that hold what they say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from tests.faults.live.running import LiveRun


def sums(run: LiveRun) -> Iterator[str]:
    """What does not add up in the last figures of a run that ended by itself or was asked to."""
    said = run.said
    for word in ("Traceback", "a fault of the program", "Exception"):
        if word in said:
            yield f"{word}: {said[-400:]}"
    yield from (f"left process {name}" for name in run.left)
    rooms = run.latest.get("rooms", [])
    if not rooms:
        yield "no figures"
    for number, room in enumerate(rooms):
        dropped = sum(room["dropped"].values())
        if room["captured"] != room["shown"] + dropped:
            yield f"room {number}: {room['captured']} != {room['shown']} + {room['dropped']}"
        if room["shown"] != run.shown(number):
            yield f"room {number}: {room['shown']} shown, {run.shown(number)} noted"
        if (indices := run.notes(number)["index"]).size and (indices[1:] <= indices[:-1]).any():
            yield f"room {number}: frames were not shown in their order"
        recorder = room["recorder"]
        if recorder and recorder["captured"] != recorder["recorded"] + sum(
            recorder["lost"].values()
        ):
            yield f"room {number}: the recorder's counts do not add up: {recorder}"
    if run.record.exists():
        yield from _recordings(run.record)


def accounts(folder: Path) -> dict[str, dict[str, Any]]:
    """What each recording says of itself, by its name."""
    return {
        path.name.removesuffix(".segments.json"): json.loads(path.read_text("utf-8"))
        for path in sorted(folder.glob("*.segments.json"))
    }


def _recordings(folder: Path) -> Iterator[str]:
    """What is wrong with finished recordings."""
    for path in folder.glob("*partial*"):
        yield f"left {path.name}"
    for name, account in accounts(folder).items():
        frames = account["frames"]
        if frames["captured"] != frames["recorded"] + sum(frames["lost"].values()):
            yield f"{name}: {frames['captured']} != {frames['recorded']} + {frames['lost']}"
        if account["ended"] is None:
            yield f"{name}: has no end"
        table = folder / f"{name}.frames.csv"
        rows = len(table.read_text("utf-8").splitlines()) - 1
        if rows != frames["recorded"]:
            yield f"{table.name} has {rows} records of {frames['recorded']}"
        for kind in ("annotated", "clean"):
            files = sorted(folder.glob(f"{name}-*.{kind}.mp4"))
            pictures = sum(map(pictures_in, files))
            encoded = all(
                segment["files"][kind]["made"] == "encoded"
                for segment in account["segments"]
                if kind in segment["files"]
            )
            if files and encoded and pictures != frames["recorded"]:
                yield f"{name}: {kind} has {pictures} pictures of {frames['recorded']}"


def pictures_in(path: Path) -> int:
    """Pictures that a file plays."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
