"""Lets Prometheus read a run's figures, on this machine alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from nets.extras import require
from stream.errors import SinkError
from stream.live.journey import Journey
from stream.live.metrics import Metrics
from stream.live.settings import LiveSettings

LOOPBACK = "127.0.0.1"


@contextmanager
def metered(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Serve the figures while the run goes on, if the settings ask for it.

    Raises:
        MissingExtraError: prometheus_client is not installed.
        SinkError: another program listens at the port, or this user may not.
    """
    if settings.metrics is None:
        yield
        return
    require("prometheus_client", "metrics", "--metrics")
    from prometheus_client import CollectorRegistry, start_http_server

    metrics, registry = Metrics(), CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(settings.metrics, addr=LOOPBACK, registry=registry)
    except OSError as problem:
        said = f"--metrics {settings.metrics}: this port cannot be had: {problem.strerror}"
        raise SinkError(said) from problem
    journey.observers.append(metrics.observe)
    journey.tell(f"metrics at http://{LOOPBACK}:{settings.metrics}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
