"""What a person sees while something long runs."""

import re
import time

import pytest

from train.console import TrainingConsole, count_progress
from train.reports import EpochReport, StepReport

EPOCHS, STEPS = 4, 2


def train(console: TrainingConsole) -> None:
    with console, console.member("fpn") as listener:
        for epoch in range(1, EPOCHS + 1):
            for step in range(1, STEPS + 1):
                listener.step(StepReport(epoch, EPOCHS, step, STEPS, 0.5, 123.4))
            listener.epoch(EpochReport(epoch, EPOCHS, 0.5, 0.61, 0.72, 123.4, 0.05, 1e-4, True))


def test_without_a_terminal_each_epoch_is_a_dated_line_with_all_that_matters(capsys) -> None:
    train(TrainingConsole())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == EPOCHS
    for number, line in enumerate(lines, 1):
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d fpn: epoch \d/4: ", line)
        assert f"epoch {number}/4: loss 0.500, IoU 0.610, Dice 0.720, best so far" in line
        assert "123 images/s, 5% of it waiting for samples" in line
        assert bool(re.search(r"about \d+:\d\d:\d\d left$", line)) == (number < EPOCHS)


def test_on_a_terminal_a_bar_shows_loss_iou_speed_and_time_left(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "140")
    console = TrainingConsole()
    with console, console.member("fpn") as listener:
        listener.step(StepReport(1, EPOCHS, STEPS, STEPS, 0.5, 123.4))
        listener.epoch(EpochReport(1, EPOCHS, 0.5, 0.61, 0.72, 123.4, 0.05, 1e-4, True))
        listener.step(StepReport(2, EPOCHS, 1, STEPS, 0.4, 120.0))
        shown, deadline = "", time.monotonic() + 60
        while "epoch 2/4" not in shown and time.monotonic() < deadline:
            time.sleep(0.02)  # it draws itself some times a second
            shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "epoch 2/4  loss 0.400  IoU 0.610  120 images/s" in shown
    assert re.search(r"120 images/s +(-+:--|\d+:\d\d)", shown)  # time left, once it can be told
    assert "fpn: epoch 1/4: loss 0.500, IoU 0.610" in shown


def test_a_count_that_is_soon_done_says_nothing_without_a_terminal(capsys) -> None:
    with count_progress("checking") as progress:
        for done in range(5):
            progress(done, 5)
    assert capsys.readouterr().err == ""
