"""When a mask may stand on a picture, and what is said where it may not."""

import pytest

from nets.picture import Rect
from stream.health import State
from stream.live.policy import Found, MaskPolicy
from tests.stream.live.made import answer_to, frame

LIMIT_S = 0.25


def found_at(arrived_at, **known):
    return Found(answer_to(frame(0, arrived_at), **known), mask=object())


WHOLE = Rect(0, 0, 320, 240)


def judge(policy, found, now, *, state=State.LIVE, engine="", whole=WHOLE):
    return policy.judge(found, whole, state=state, engine=engine, now=now)


def test_a_mask_in_time_stands_with_its_age():
    found = found_at(10.0)
    verdict = judge(MaskPolicy(LIMIT_S), found, 10.2)
    assert verdict.found is found
    assert verdict.age_s == pytest.approx(0.2)
    assert verdict.notice == ""


@pytest.mark.parametrize(
    ("found", "options", "notice"),
    [
        (found_at(10.0), {"state": State.NO_SIGNAL}, "AI OFF - NO SIGNAL"),
        (found_at(10.0), {"state": State.FROZEN}, "AI OFF - FROZEN"),
        (found_at(10.0), {"state": State.STALLED, "engine": "starting"}, "AI OFF - STALLED"),
        (None, {"engine": "starting"}, "AI OFF - starting"),
        (None, {}, "AI OFF - no answer"),
        (found_at(9.0), {}, "AI OFF - late"),
        (found_at(9.0), {"engine": "restarting"}, "AI OFF - restarting"),
        (found_at(10.0), {"whole": Rect(0, 0, 640, 240)}, "AI OFF - no answer"),
        (found_at(10.0, settled=False), {}, "AI OFF - view moved"),
        (found_at(10.0, visible=False), {}, "AI OFF - no view"),
    ],
)
def test_what_may_not_stand_is_said(found, options, notice):
    verdict = judge(MaskPolicy(LIMIT_S), found, 10.1, **options)
    assert verdict.notice == notice
    assert verdict.found is None
    assert verdict.age_s is None


def test_a_mask_outlives_an_engine_that_is_lost_until_it_is_too_old():
    policy = MaskPolicy(LIMIT_S)
    assert judge(policy, found_at(10.0), 10.25, engine="restarting").notice == ""
    assert judge(policy, found_at(10.0), 10.26, engine="restarting").found is None


def test_masks_come_back_when_they_have_been_in_time_for_a_while():
    policy = MaskPolicy(LIMIT_S)
    assert judge(policy, found_at(10.0), 10.3).notice == "AI OFF - late"
    notices = [judge(policy, found_at(10.2 + n / 10), 10.4 + n / 10).notice for n in range(6)]
    assert notices == ["AI OFF - late"] * 4 + ["", ""]


def test_an_engine_that_is_too_slow_by_a_little_does_not_make_masks_flicker():
    policy = MaskPolicy(LIMIT_S)
    answers = {step: found_at(step * 0.2) for step in range(100)}  # 5 a second, 0.2 s late
    notices = []
    for picture in range(25, 250):
        now = picture / 25
        known = int((now - 0.2) / 0.2)
        notices.append(judge(policy, answers[known], now).notice)
    assert set(notices[10:]) == {"AI OFF - late"}
