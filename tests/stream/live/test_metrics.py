"""The figures of a live run for Prometheus: what its own tools read, and who can read it."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from stream.live.metrics import Metrics
from stream.stats import (
    LiveFigures,
    MachineFigures,
    PreviewFigures,
    PublisherFigures,
    RecorderFigures,
    RoomFigures,
    Spread,
)

client = pytest.importorskip("prometheus_client", reason="extra metrics")

ROOT = Path(__file__).resolve().parents[3]

PATIENCE_S = 120

ROOM = RoomFigures(
    name='rtsp://***@10.0.0.7/a "room"\n\\',
    state="NO SIGNAL",
    given="1920x1080 h264 29.97",
    seconds=3.5,
    captured=100,
    shown=90,
    capture_fps=30.0,
    inference_fps=12.0,
    display_fps=29.0,
    dropped={"ring full": 7, "late": 3},
    not_inferred=40,
    waiting=2,
    mask_age_s=None,
    notice="AI OFF - NO SIGNAL",
    latency=Spread(0.1, 0.2, 0.3, 0.4),
    display=Spread(0.01, 0.02, 0.03, 0.04),
    sightings=5,
    recorder=RecorderFigures(
        "case",
        recording=True,
        seconds=60.0,
        fps=29.5,
        lag_s=0.25,
        queue_bytes=4096,
        disk_minutes=12.5,
        captured=90,
        recorded=80,
        lost={"full": 10},
    ),
    publisher=PublisherFigures("udp://10.0.0.9:5000", "publishing", 25.0, 70, 4),
)

FIGURES = LiveFigures(
    running_s=61.0,
    engine="compact, OpenVINO bf16",
    engine_period_s=0.08,
    rooms=(ROOM, RoomFigures(name="second", state="LIVE", mask_age_s=0.05, notice="AI 50 ms")),
    machine=MachineFigures(50.0, 2, 10, 20, 150.0, 5, "GPU", 40.0, 6, 7, 1500, 61.0),
    warnings=("one",),
    preview=PreviewFigures("http://127.0.0.1:1/", 3),
)


def exposed(figures: LiveFigures | None) -> str:
    """What Prometheus would be sent."""
    metrics, registry = Metrics(lambda: 5.0), client.CollectorRegistry()
    if figures is not None:
        metrics.observe(figures)
    registry.register(metrics)
    return client.generate_latest(registry).decode()


def samples_in(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels, read by prometheus_client's own parser."""
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_figure_is_there_with_its_unit() -> None:
    found, name = samples_in(exposed(FIGURES)), ROOM.name
    for key, value in {
        ("divergent_running_seconds",): 61.0,
        ("divergent_figures_age_seconds",): 0.0,
        ("divergent_engine_info", "compact, OpenVINO bf16"): 1,
        ("divergent_source_info", "1920x1080 h264 29.97", name): 1,
        ("divergent_source_state", name, "NO SIGNAL"): 1,
        ("divergent_source_state", name, "LIVE"): 0,
        ("divergent_source_state", "second", "LIVE"): 1,
        ("divergent_captured_frames_total", name): 100,
        ("divergent_dropped_frames_total", "ring full", name): 7,
        ("divergent_passed_over_frames_total", name): 40,
        ("divergent_ai_off", name): 1,
        ("divergent_ai_off", "second"): 0,
        ("divergent_mask_age_seconds", "second"): 0.05,
        ("divergent_mask_delay_seconds", "99", name): 0.3,
        ("divergent_display_delay_seconds", "100", name): 0.04,
        ("divergent_frames_per_second", name, "inference"): 12,
        ("divergent_sightings_total", name): 5,
        ("divergent_recording", name): 1,
        ("divergent_recorder_disk_left_seconds", name): 750,
        ("divergent_recorded_frames_total", name): 80,
        ("divergent_lost_frames_total", "full", name): 10,
        ("divergent_published_frames_total", name): 70,
        ("divergent_publisher_info", name, "publishing"): 1,
        ("divergent_preview_viewers",): 3,
        ("divergent_cpu_ratio",): 0.5,
        ("divergent_gpu_clock_hertz",): 1.5e9,
    }.items():
        assert found[key] == pytest.approx(value), key
    assert ("divergent_mask_age_seconds", name) not in found


def test_what_there_is_not_is_left_out() -> None:
    assert exposed(None) == ""
    bare = exposed(LiveFigures(0.0, "starting", 0.0, (RoomFigures("a", "CONNECTING"),)))
    assert not re.search("record|publish|gpu|cpu|preview", bare)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (package prometheus)")
@pytest.mark.parametrize("figures", [FIGURES, LiveFigures(0.0, "starting", 0.0, ())])
def test_promtool_finds_nothing_wrong(figures: LiveFigures) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exposed(figures),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_dashboard_of_grafana_asks_for_what_there_is() -> None:
    page = json.loads((ROOT / "docs" / "grafana.json").read_text())
    asked = {
        name
        for panel in page["panels"]
        for target in panel["targets"]
        for name in re.findall(r"divergent_\w+", target["expr"])
    }
    assert len(asked) > 10
    assert asked <= {key[0] for key in samples_in(exposed(FIGURES))}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_run_is_read_on_this_machine_alone_and_the_port_is_free_afterwards(start) -> None:
    port = free_port()
    child = start(
        *("live", "synthetic:?size=64x64&fps=10&seconds=inf", "-w", "fixed:", "--no-show"),
        *("--metrics", port),
    )
    try:
        until = time.monotonic() + PATIENCE_S
        found: dict[tuple[str, ...], float] = {}
        while not any(value for key, value in found.items() if "shown_frames" in key[0]):
            assert time.monotonic() < until
            assert child.poll() is None
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
                    found = samples_in(page.read().decode())
            except OSError:
                continue
        listening = {
            each.laddr.ip
            for each in psutil.Process(child.pid).net_connections()
            if each.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
    finally:
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in said
    assert f"metrics at http://127.0.0.1:{port}/metrics" in said
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


WORDS = ("live", "synthetic:?size=64x64", "-w", "fixed:", "--no-show", "--metrics")


def test_a_port_that_is_taken_is_one_clear_line(command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = command(*WORDS, port)
    assert ended.status == 1
    assert f"--metrics {port}: this port cannot be had: Address already in use" in ended.complaint


def test_without_the_client_the_option_is_refused(command, monkeypatch) -> None:
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    ended = command(*WORDS, free_port())
    assert ended.status == 1
    assert "pip install 'divergentnets[metrics]'" in ended.complaint


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_what_is_no_port_is_refused(port, command) -> None:
    assert command(*WORDS, port).status == 2
