"""`bench --loopback`, with a real sender and a real live run."""

import json

import pytest


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    monkeypatch.setattr("stream.loopback.trial.SETTLE_S", 0.0)
    for user in ("prepared", "trial"):
        monkeypatch.setattr(f"stream.loopback.{user}.PICTURES", 50)


def test_delays_and_losses_are_measured_and_told(command, tmp_path):
    words = ["--size", "320x240", "--fps", "25", "--sources", "2", "--record", "-w", "fixed:"]
    out = tmp_path / "loopback.json"
    ended = command("bench", "--loopback", "--seconds", "1.5", *words, "--json", out)
    assert ended.status == 0, ended.said
    found = json.loads(out.read_text())
    assert found["size"] == "320x240"
    (pace,) = found["paces"]
    assert (pace["fps"], pace["sources"]) == (25, 2)
    assert pace["engine"]["weights"] == "fixed:"
    assert pace["sent"] >= 2 * 25
    assert pace["sent"] == pace["shown"] + sum(pace["lost"].values())
    for delay in (pace["display_ms"], pace["annotation_ms"]):
        assert 0 < delay["p50"] <= delay["p95"] <= delay["p99"] <= delay["max"]
    assert pace["display_ms"]["p50"] < pace["annotation_ms"]["p50"]
    recorded = pace["recorded"]
    assert recorded["captured"] == recorded["recorded"] + sum(recorded["lost"].values())
    assert recorded["captured"] >= pace["shown"]
    assert {"main", "capture", "inference", "sender"} <= pace["cores"].keys()
    assert "320x240, fixed: on no networks" in ended.printed
    assert f"{pace['shown']} of {pace['sent']}" in ended.printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "320x240"], "--size: needs --loopback"),
        (["--record", "--fps", "25"], "--fps, --record: needs --loopback"),
        (["--loopback", "clip.mp4"], "clip.mp4: --loopback sends pictures of its own"),
        (["--loopback", "--size", "100x100"], "128 columns"),
        (["--loopback", "--size", "big"], "big"),
        (["--loopback", "--fps", "fast"], "fast"),
        (["--loopback", "--sources", "0"], "one sends at least"),
        (["--loopback", "--seconds", "inf"], "measuring takes some time, and ends"),
    ],
)
def test_what_makes_no_sense_is_one_line(command, words, said):
    ended = command("bench", *words)
    assert ended.status == 2
    assert said in ended.complaint
