"""The way to a Ray cluster, and back: nothing of Ray's stays behind."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from nets.extras import require
from stream.errors import ClusterError

ANY = "auto"
"""The cluster that this machine belongs to, or that of RAY_ADDRESS."""

CLIENT = "ray://"

KNOCK_S = 5.0


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a cluster.

    None is started: it would listen on all of a machine's addresses.

    Args:
        address: HOST:PORT, or `auto`.

    Yields:
        The module `ray`, connected.

    Raises:
        MissingExtraError: Ray is not installed.
        ClusterError: no cluster answers there.
    """
    require("ray", "cluster", "--ray")
    if address.startswith(CLIENT):
        raise ClusterError(
            f"{address}: is Ray's client, which is too far away: give HOST:PORT on a machine of "
            "the cluster"
        )
    # Before it is imported: it would report its use to its maker.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    # What Ray prints meanwhile, this program says in its own words.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        with _own_signals():
            _connect(ray, address)
        try:
            yield ray
        finally:
            with _own_signals():
                ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    named = os.environ.get("RAY_ADDRESS", "") if address == ANY else address
    where = f"{named}: no Ray cluster answers there" if named else "no Ray cluster runs here"
    try:
        if named:
            _knock(named)
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, RuntimeError, ValueError) as problem:
        raise ClusterError(f"{where}: start one (ray start --head), or give --workers") from problem


def _knock(address: str) -> None:
    """See that somebody is there: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=KNOCK_S).close()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Whatever is called meanwhile leaves this program's handlers of signals as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
