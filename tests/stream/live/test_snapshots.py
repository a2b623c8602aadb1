"""Snapshots: the picture as it came and as it was shown, to the sample, and what is known of it."""

import json
import threading
import time

import cv2
import numpy as np
import pytest

from nets.picture import Rect
from stream.live import snapshots as module
from stream.live.snapshots import MOST_WAITING, Snapshots
from stream.prediction import find_mask
from stream.recording import RecordingOptions
from stream.sink.stills import still_of
from tests.stream.live.made import answer_to
from tests.stream.live.window.pictures import picture, shown


class Set:
    """Snapshots into a folder."""

    def __init__(self, folder, room="", **options):
        self.folder, self.told, self.warned = folder, [], []
        self.snapshots = Snapshots(
            RecordingOptions(folder, **options),
            room=room,
            recording=lambda: "case-7-20260203-140509",
            warn=self.warned.append,
        )

    def take(self, *shown, case="case 7"):
        for each in shown:
            assert self.snapshots.take(each, case, self.told.append) == "snapshot"
        self.snapshots.close()

    def only(self, kind):
        (path,) = self.folder.glob(f"*.{kind}")
        return path


def with_polyp():
    """A frame with a mask, brighter where it is drawn on."""
    plain = shown(3, size=(320, 240))
    prediction = answer_to(plain.frame).prediction
    drawn = picture(3, size=(320, 240))
    drawn.planes[0][100:140, 100:140] = 250
    return shown(
        3,
        size=(320, 240),
        mask=find_mask(prediction, 0.5),
        prediction=prediction,
        mask_age_s=0.06,
        shown=plain.frame.with_picture(drawn),
        view=Rect(40, 20, 240, 200),
    )


def test_both_pictures_are_kept_to_the_sample_with_what_is_known(tmp_path):
    seen, it = with_polyp(), Set(tmp_path / "new")
    it.take(seen)
    for kind, frame in (("clean", seen.frame), ("annotated", seen.shown)):
        kept = cv2.imread(str(it.only(f"{kind}.png")))
        assert (kept == still_of(frame)).all()
    facts = json.loads(it.only("snapshot.json").read_text())
    assert facts["label"] == "case 7"
    assert facts["recording"] == "case-7-20260203-140509"
    assert facts["index"] == 3
    assert facts["view"] == [40, 20, 240, 200]
    assert facts["regions"] == [list(region) for region in seen.mask.regions]
    assert facts["mask_age_s"] == 0.06
    name = it.only("clean.png").name.removesuffix(".clean.png")
    assert name.startswith("case-7-")
    assert it.told == [f"snapshot {name}"]
    assert not list(it.folder.glob("*partial*"))


def test_several_in_one_second_do_not_overwrite_each_other(tmp_path):
    it = Set(tmp_path, room="room2")
    it.take(shown(1), shown(2), shown(3), case="")
    assert len(list(tmp_path.glob("snapshot-*-room2*.clean.png"))) == 3
    indices = [json.loads(path.read_text())["index"] for path in tmp_path.glob("*.json")]
    assert sorted(indices) == [1, 2, 3]


def test_redacted_ones_show_the_view_and_nothing_else(tmp_path):
    it = Set(tmp_path, redact=True, view="40,20,240,200")
    it.take(with_polyp())
    for kind in ("clean", "annotated"):
        kept = cv2.imread(str(it.only(f"{kind}.png")))
        outside = np.ones(kept.shape[:2], bool)
        outside[20:220, 40:280] = False
        assert (kept[outside] == 0).all()
        assert (kept[~outside] > 0).any()


def test_what_cannot_be_written_is_told_and_the_next_one_is_tried(tmp_path):
    (tmp_path / "file").touch()
    it = Set(tmp_path / "file")
    it.take(shown(1), shown(2))
    assert it.told == ["NO SNAPSHOT: it could not be written"] * 2
    assert "name another folder with --record" in it.warned[0]


def test_a_finger_that_rests_on_the_key_fills_no_memory(tmp_path, monkeypatch):
    goes_on = threading.Event()
    monkeypatch.setattr(module, "still_of", lambda frame: goes_on.wait() and still_of(frame))
    it = Set(tmp_path)
    said = [it.snapshots.take(shown(index), "", it.told.append) for index in range(30)]
    assert said.count("snapshot") <= MOST_WAITING + 1
    assert said[-1].startswith("not so fast")
    goes_on.set()
    deadline = time.monotonic() + 60
    while len(it.told) < said.count("snapshot"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    it.snapshots.close()


def test_there_is_nothing_to_keep_before_the_first_picture(tmp_path):
    it = Set(tmp_path)
    blank = shown(0)
    before = shown(0, frame=blank.frame.__class__(-1, 0, 1, blank.frame.picture, 0.0))
    assert it.snapshots.take(before, "", it.told.append) == "no picture yet"
    it.snapshots.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("redact", [False, True])
def test_a_picture_without_a_mask_says_why(tmp_path, redact):
    it = Set(tmp_path, redact=redact)
    it.take(shown(1, notice="AI OFF - no view", visible=False))
    facts = json.loads(it.only("snapshot.json").read_text())
    assert (facts["view"], facts["regions"], facts["mask_age_s"]) == (None, [], None)
    assert facts["notice"] == "AI OFF - no view"
