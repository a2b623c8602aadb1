"""Recordings on a Ray cluster: a real one, of this machine alone, with room for two workers."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from nets.errors import EngineError
from stream.cluster.shares import Share, share_out
from stream.cluster.worker import ClusterWorker, settings_there
from stream.errors import SettingsError
from stream.settings import ProcessSettings
from stream.worker import Ready, Refused

ENDLESS = "synthetic:?seconds=inf&size=64x64"
LONG = "synthetic:?seed=9&seconds=8&size=320x256"

PATIENCE_S = 300
"""Enough for the busiest machine; nothing waits so long when all is well."""

QUICK = ("-w", "fixed:", "--preset", "ultrafast", "--view", "full", "--no-report")

Machine = dict[str, float]


@pytest.mark.parametrize(
    ("machines", "device", "workers", "share"),
    [
        ([{"CPU": 8.0}], "auto", None, Share(1, 8, 0)),
        ([{"CPU": 8.0}], "auto", 2, Share(2, 4, 0)),
        ([{"CPU": 8.0}], "cpu", 3, Share(3, 2, 0)),
        ([{"CPU": 2.0}], "cpu", 9, Share(2, 1, 0)),
        ([{"CPU": 4.0}, {"CPU": 16.0}, {"memory": 1.0}], "cpu", None, Share(5, 4, 0)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 32.0}], "auto", None, Share(2, 8, 1)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 2.0, "GPU": 4.0}], "cuda", None, Share(6, 1, 1)),
        ([{"CPU": 16.0, "GPU": 2.0}], "cuda", 1, Share(1, 8, 1)),
        ([{"CPU": 16.0, "GPU": 2.0}], "cpu", None, Share(1, 16, 0)),
    ],
)
def test_a_cluster_is_shared_out_by_its_gpus_or_its_cores(
    machines: list[Machine], device: str, workers: int | None, share: Share
) -> None:
    assert share_out(machines, device, workers) == share


def test_devices_that_a_cluster_cannot_give_are_refused() -> None:
    with pytest.raises(SettingsError, match="Ray chooses among GPUs"):
        share_out([{"CPU": 2.0, "GPU": 2.0}], "cuda:1", None)
    with pytest.raises(EngineError, match="no machine of the cluster has a GPU"):
        share_out([{"CPU": 2.0}], "cuda", None)
    with pytest.raises(EngineError, match="no machine of the cluster has a core"):
        share_out([{"CPU": 0.0}, {"memory": 1.0}], "auto", 2)


def test_a_worker_uses_the_gpu_that_it_was_given_or_none() -> None:
    assert settings_there(ProcessSettings(), 1).device == "cuda"
    assert settings_there(ProcessSettings(), 0).device == "cpu"
    assert settings_there(ProcessSettings(device="eager"), 0).device == "eager"


def test_a_machine_that_does_not_see_the_outputs_says_so(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    settings = ProcessSettings(weights=("fixed:",))
    refused = ClusterWorker().open(settings, frozenset(), tmp_path, journal)
    assert isinstance(refused, Refused)
    assert f"{tmp_path}: the machine" in str(refused.problem)
    assert "where every machine of the cluster sees them" in str(refused.problem)
    journal.touch()
    before = Path.cwd()
    try:
        assert isinstance(ClusterWorker().open(settings, frozenset(), tmp_path, journal), Ready)
    finally:
        os.chdir(before)


def test_without_ray_the_option_is_refused_at_once(tmp_path, process, monkeypatch) -> None:
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    refused = process(LONG, "-o", tmp_path / "out", "--ray")
    assert refused.status == 1
    assert "pip install 'divergentnets[cluster]'" in refused.complaint
    assert list(tmp_path.iterdir()) == []


def test_one_recording_into_a_file_needs_no_cluster(tmp_path, process) -> None:
    pytest.importorskip("ray", reason="extra cluster")
    refused = process(LONG, "-o", tmp_path / "a.mp4", "--ray")
    assert refused.status == 2
    assert "--ray is for recordings into a folder" in refused.complaint


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1", "nowhere:port"])
def test_an_address_where_nobody_answers_is_one_clear_line(address, tmp_path, process) -> None:
    pytest.importorskip("ray", reason="extra cluster")
    refused = process(LONG, LONG + "0", "-o", tmp_path / "out", "--ray", address)
    assert refused.status == 1
    assert f"{address}: no Ray cluster answers there" in refused.complaint


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two cores, which ends with the tests."""
    pytest.importorskip("ray", reason="extra cluster")
    port, before = free_port(), dict(os.environ)
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_TOKEN": "of these tests",
        "RAY_AUTH_MODE": "token",
    }
    words = ["start", "--head", "--block", "--num-cpus=2", "--include-dashboard=false"]
    words += [f"--port={port}", "--node-ip-address=127.0.0.1", "--object-store-memory=100000000"]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", *words, f"--temp-dir={folder}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            started = any("Ray runtime started" in line for line in head.stdout)
            assert started, f"ray start ended with {head.wait()}"
            yield f"127.0.0.1:{port}"
        finally:
            family = psutil.Process(head.pid).children(recursive=True)
            head.terminate()
            head.communicate(timeout=PATIENCE_S)
            for child in family:  # those that outlive their parent
                if child.is_running():
                    child.kill()
            os.environ.clear()
            os.environ.update(before)


Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def on_cluster(cluster: str, start: Started, tmp_path: Path) -> Iterator[Started]:
    """Starts `process ... -o OUT --ray ADDRESS --workers 2`."""
    started = []

    def popen(*words: object) -> "subprocess.Popen[str]":
        out = ("-o", tmp_path / "out", "--ray", cluster, "--workers", "2")
        started.append(start("process", *words, *out, *QUICK))
        return started[-1]

    yield popen
    for child in started:
        child.kill()
        child.communicate()


def worker_at(partial: Path, child: "subprocess.Popen[str]") -> psutil.Process:
    """The worker that writes this recording, once it has begun."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert child.poll() is None, child.communicate()[1]
        for process in psutil.process_iter():
            try:
                if process.name().startswith("ray::") and any(
                    file.path == str(partial) for file in process.open_files()
                ):
                    return process
            except psutil.Error:
                continue
        time.sleep(0.05)
    raise AssertionError(f"nobody writes {partial}")


def journal(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]


def summary(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["output"]: row for row in csv.DictReader(file)}


@pytest.mark.cluster
def test_a_worker_that_is_killed_midway_costs_no_recording(
    on_cluster: Started, record, frames_in, tmp_path: Path
) -> None:
    for name, frames in (("a", 4), ("b", 5), ("c", 6)):
        record(tmp_path / f"{name}.mp4", frames=frames)
    (tmp_path / "bad.mp4").write_text("no recording")
    out = tmp_path / "out"
    short = [tmp_path / f"{name}.mp4" for name in ("a", "b", "c", "bad")]
    child = on_cluster(LONG, *short)
    worker_at(out / "synthetic-9.partial.mp4", child).kill()
    printed, said = child.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in said
    assert "5 recordings to process, 2 at a time" in said
    assert f"{LONG}: its worker on {socket.gethostname()} died: it is begun again" in said
    assert (child.returncode, printed) == (1, f"{out}\n")
    done = [record["output"] for record in journal(out) if record["status"] == "finished"]
    assert sorted(done) == ["a.mp4", "b.mp4", "c.mp4", "synthetic-9.mp4"]
    rows = summary(out)
    assert {name: row["frames"] for name, row in rows.items()} == {
        "synthetic-9.mp4": "200",
        "a.mp4": "4",
        "b.mp4": "5",
        "c.mp4": "6",
        "bad.mp4": "0",
    }
    assert "no recording that can be read" in rows["bad.mp4"]["message"]
    assert frames_in(out / "synthetic-9.mp4") == 200
    assert not list(out.glob("*.partial.*"))


@pytest.mark.cluster
def test_a_recording_that_kills_its_workers_fails_and_ctrl_c_ends_the_rest(
    on_cluster: Started, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    child = on_cluster(ENDLESS, f"{ENDLESS}&seed=8")
    other = worker_at(out / "synthetic-8.partial.mp4", child)
    for _ in range(3):
        victim = worker_at(out / "synthetic-7.partial.mp4", child)
        victim.kill()
        victim.wait(PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while not any(record["status"] == "failed" for record in journal(out)):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert other.is_running()
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130
    assert "Traceback" not in said
    assert "3 workers died over it" in said
    assert "1 of 2 recordings are done: the same command does the rest" in said
    assert str(out / "synthetic-8.partial.mp4") in said.splitlines()[-1]
    while other.is_running():
        assert time.monotonic() < until
        time.sleep(0.1)


TAKING = """
import ray, sys, time
ray.init(address=sys.argv[1], log_to_driver=False)

@ray.remote(num_cpus=2)
class Taker:
    def is_there(self):
        return True

taker = Taker.remote()
ray.get(taker.is_there.remote())
print("taken", flush=True)
sys.stdin.read()
ray.kill(taker)
"""
"""Another program on the cluster, which takes all of its cores until it is told to end."""


@pytest.mark.cluster
def test_a_cluster_that_is_full_is_waited_for(
    cluster: str, on_cluster: Started, record, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        record(tmp_path / f"{name}.mp4", frames=4)
    words = [sys.executable, "-c", TAKING, cluster]
    with subprocess.Popen(
        words, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True
    ) as other:
        assert other.stdout.readline() == "taken\n"
        child = on_cluster(tmp_path / "a.mp4", tmp_path / "b.mp4")
        said = []
        for line in child.stderr:
            said.append(line)
            if "the cluster has no room for a worker yet" in line:
                break
        assert child.poll() is None, said
        other.stdin.close()
    printed, rest = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, printed) == (0, f"{tmp_path / 'out'}\n"), rest
    assert set(summary(tmp_path / "out")) == {"a.mp4", "b.mp4"}
