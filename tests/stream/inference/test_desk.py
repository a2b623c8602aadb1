"""Frames of all rooms answered together; what one room cannot have is no other's loss."""

from nets.engine import FixedEngine
from stream.inference import InferenceSettings
from stream.inference.desk import Desk, facts_of
from tests.stream.live.made import frame


class Picky(FixedEngine):
    """Prepares no picture of one size."""

    def prepare(self, picture, view):
        if picture.width == 48:
            raise ArithmeticError("48")
        return super().prepare(picture, view)


def settings(**views):
    return InferenceSettings(views=views)


def test_a_picture_that_cannot_be_prepared_does_not_disturb_the_others():
    desk = Desk(Picky(), settings(a="full", b="full"))
    asked = [("a", frame(1, 0.0, size=(48, 48))), ("b", frame(2, 0.0, size=(64, 48)))]
    answered = desk.answer(asked)
    assert [answer.room for answer in answered.answers] == ["b"]
    assert answered.problems == (("a", "a picture cannot be prepared: ArithmeticError: 48"),)
    assert desk.answer(asked).problems == ()  # told once


def test_each_room_has_a_view_of_its_own():
    desk = Desk(FixedEngine(), settings(a="10,10,100,100", b="full"))
    one, other = desk.answer([("a", frame(0, 0.0)), ("b", frame(0, 0.0))]).answers
    assert one.prediction.view == (10, 10, 100, 100)
    assert other.prediction.view == (0, 0, 320, 240)
    assert one.batch == other.batch == 2


def test_several_frames_of_one_room_are_answered_in_order():
    desk = Desk(FixedEngine(), settings(a="full"))
    answers = desk.answer([("a", frame(index, 0.0)) for index in (4, 5, 6)]).answers
    assert [answer.prediction.frame_index for answer in answers] == [4, 5, 6]


def test_a_picture_without_an_endoscope_s_is_answered_as_such():
    (answer,) = Desk(FixedEngine(), settings(a="auto")).answer([("a", frame(0, 0.0))]).answers
    assert not answer.visible


def test_an_engine_s_facts_are_its_own_with_a_period():
    facts = facts_of(FixedEngine(), pictures=2)
    assert (facts.name, facts.members) == ("fixed:", ("ellipse",))
    assert facts.period_s > 0
