"""The engine in a process of its own: it answers, and when it fails it is started again."""

import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.inference import InferenceProcess, InferenceSettings
from tests.stream.inference.engines import TURN, Failing

PATIENCE_S = 120.0
"""Enough for the busiest machine; nothing waits so long when all is well."""


def frame(index=0, size=(64, 48), layout="yuv420p"):
    """A grey frame that arrived at a time which tells its index."""
    kind = LAYOUTS[layout]
    planes = tuple(
        np.full(shape, 100 << (kind.bits - 8), kind.dtype)
        for shape in kind.plane_shapes(size[1], size[0])
    )
    picture = Picture(planes, kind, Colour(Matrix.BT709))
    return Frame(index, index, Fraction(1, 25), picture, 1000.0 + index)


class Listener:
    """Keeps what inference says, and waits for it."""

    def __init__(self, *, opener=None, **settings):
        self.answers, self.events = [], []
        self.changed = threading.Condition()
        given = {"weights": ("fixed:",), "views": {"a": "full", "b": "full"}} | settings
        more = {} if opener is None else {"opener": opener}
        self.inference = InferenceProcess(
            InferenceSettings(**given),
            on_answer=self.answer,
            on_event=self.event,
            on_free=self.free,
            **more,
        )

    def __enter__(self):
        self.inference.start()
        return self

    def __exit__(self, *error):
        self.inference.close()

    def answer(self, answer):
        with self.changed:
            self.answers.append(answer)
            self.changed.notify_all()

    def event(self, event):
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def free(self):
        with self.changed:
            self.changed.notify_all()

    def wait(self, until):
        with self.changed:
            assert self.changed.wait_for(until, PATIENCE_S), self.events

    def happened(self, kind):
        return [event.line for event in self.events if event.kind == kind]

    def ready(self, times=1):
        self.wait(lambda: len(self.happened("ready")) == times)

    def ask(self, *frames):
        """Submit, and wait for all the answers."""
        before = len(self.answers)
        assert self.inference.submit(frames)
        self.wait(lambda: len(self.answers) == before + len(frames))
        return self.answers[before:]


def test_frames_of_several_rooms_are_answered_together():
    with Listener(pictures=2) as listener:
        assert not listener.inference.submit([("a", frame())])  # not there yet
        assert listener.inference.doing == "starting"
        listener.ready()
        facts = listener.inference.facts
        assert (facts.name, facts.threshold) == ("fixed:", 0.5)
        assert 0 < facts.period_s < PATIENCE_S
        one, other = listener.ask(("a", frame(3)), ("b", frame(5, size=(96, 80), layout="p010le")))
        assert (one.room, one.prediction.frame_index, one.arrived_at) == ("a", 3, 1003.0)
        assert (other.room, other.prediction.frame_index, other.arrived_at) == ("b", 5, 1005.0)
        assert (one.frame, other.frame) == (Rect(0, 0, 64, 48), Rect(0, 0, 96, 80))
        assert one.batch == other.batch == 2
        assert one.visible
        assert one.settled
        assert one.prediction.probability.shape == (256, 256)
        assert one.prediction.probability.max() > 0.9
        # Larger frames, more of them: the ring grows.
        assert [answer.frame.width for answer in listener.ask(*[("a", frame(9, (320, 240)))] * 4)]


def test_one_room_whose_view_cannot_be_had_does_not_disturb_another():
    with Listener(views={"a": "0,0,500,500", "b": "full"}) as listener:
        listener.ready()
        listener.inference.submit([("a", frame()), ("b", frame(7))])
        listener.wait(lambda: listener.answers and listener.happened("said"))
        assert [answer.room for answer in listener.answers] == ["b"]
        assert listener.happened("said")[0].startswith("a: view 0,0,500,500 does not fit")
        assert listener.inference.submit([("a", frame())])
        listener.wait(lambda: listener.inference.free)
        listener.ask(("b", frame(8)))
        assert len(listener.answers) == 2
        assert len(listener.happened("said")) == 1  # and no more of it


@pytest.mark.parametrize(
    ("how", "said", "hang_s"),
    [
        ("raises", "raised ArithmeticError: no such number", 60.0),
        ("is stopped", "has not answered for", 1.0),
        ("dies while it opens", "ended with status 7", 60.0),
    ],
)
def test_an_engine_that_fails_is_started_again(monkeypatch, tmp_path, how, said, hang_s):
    monkeypatch.setenv(TURN, str(tmp_path / "turn"))
    with Listener(opener=Failing(how), hang_s=hang_s) as listener:
        if how != "dies while it opens":
            listener.ready()
            for index in (0, 1):
                listener.ask(("a", frame(index)))
            assert listener.inference.submit([("a", frame(2))])
            assert not listener.inference.submit([("a", frame(3))])  # busy
        listener.wait(lambda: listener.happened("lost"))
        assert said in listener.happened("lost")[0]
        listener.ready(1 if how == "dies while it opens" else 2)
        assert listener.ask(("a", frame(4)))[0].prediction.frame_index == 4
        assert "preparing, once" in listener.happened("said")


def test_an_engine_that_hangs_is_ended(monkeypatch, tmp_path):
    monkeypatch.setenv(TURN, str(tmp_path / "turn"))
    with Listener(opener=Failing("hangs", after=1), hang_s=300.0) as listener:
        listener.ready()
        listener.inference.submit([("a", frame())])
        before = time.monotonic()
    assert time.monotonic() - before < PATIENCE_S  # and not when it has answered
    assert not listener.answers


def test_an_engine_that_is_opening_is_ended():
    with Listener() as listener:
        pass
    assert not listener.happened("ready")
    assert not listener.happened("lost")


def test_weights_that_are_not_there_are_refused_once_and_for_all():
    with Listener(weights=("no/such/weights",)) as listener:
        listener.wait(lambda: listener.happened("refused"))
        assert "no/such/weights" in str(listener.inference.problem)
        assert not listener.happened("lost")
