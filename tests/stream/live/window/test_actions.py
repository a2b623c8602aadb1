"""The keys: every action has one, and the help knows them all."""

from stream.live.window.actions import KEYS, Action, action_of


def test_every_action_has_a_key_and_no_letter_does_two_things():
    assert [key.action for key in KEYS] == list(Action)
    letters = "".join(key.letters for key in KEYS)
    assert len(set(letters)) == len(letters)


def test_keys_are_those_that_users_know():
    for letter, action in zip(" mo+-rbslfhq", Action, strict=True):
        assert action_of(ord(letter)) is action
    assert action_of(ord("R")) is Action.RECORD  # with the shift key held
    assert action_of(ord("=")) is Action.STRICTER  # + without it


def test_other_keys_do_nothing():
    assert all(action_of(code) is None for code in (-1, 0, 13, ord("x"), 200, 0xFFE1, 0x110000))


def test_the_help_says_that_a_label_is_never_a_patients_name():
    (label,) = (key for key in KEYS if key.action is Action.LABEL)
    assert "never a patient's name" in label.help
