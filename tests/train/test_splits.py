"""Which sample trains, which validates, which tests."""

import pytest

from train.errors import SettingsError
from train.splits import SplitPlan, assign_splits, folds_by_centre


def splits(names: list[str], plan: SplitPlan) -> dict[str, str | None]:
    origins = [("sequences", name) if name.startswith("seq") else (name, "") for name in names]
    return dict(zip(names, assign_splits(origins, plan), strict=True))


def test_paper_like_tests_on_kvasir_and_validates_on_c5() -> None:
    names = ["C1", "C2", "C3", "C4", "C5", "kvasir-seg", "synthetic"]
    found = splits(names, SplitPlan("paper-like"))
    assert [name for name in names if found[name] == "train"] == [*names[:4], "synthetic"]
    assert found["C5"] == "validation"
    assert found["kvasir-seg"] == "test"


def test_endocv2021_is_the_authors_own() -> None:
    centres = [f"C{n}" for n in range(1, 7)]
    positive = [f"seq{n}" for n in range(1, 24)]
    negative = [f"seq{n}_neg" for n in range(1, 24)]
    names = [*centres, *positive, *negative, "kvasir-seg"]
    found = splits(names, SplitPlan("endocv2021"))
    train = [name for name in names if found[name] == "train"]
    validation = [name for name in names if found[name] == "validation"]
    assert train == [*centres[:5], *negative[:5]]
    assert validation == [*positive[:15], *negative[5:10]]
    assert [name for name in names if found[name] == "test"] == ["kvasir-seg"]
    assert found["C6"] is None


def test_named_centres_and_sequences_are_held_out() -> None:
    plan = SplitPlan(validation=("C2", "seq3"), test=("C1",))
    assert splits(["C1", "C2", "C3", "seq3", "seq4"], plan) == {
        "C1": "test",
        "C2": "validation",
        "C3": "train",
        "seq3": "validation",
        "seq4": "train",
    }


def test_wrong_names_are_all_named_with_the_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        splits(["C1", "kvasir-seg"], SplitPlan(validation=("C9",), test=("kvasir",)))
    assert "C9, the nearest is C1" in str(caught.value)
    assert "kvasir, the nearest is kvasir-seg" in str(caught.value)


def test_a_name_cannot_both_validate_and_test() -> None:
    with pytest.raises(SettingsError, match="C1 both validates and tests"):
        splits(["C1", "C2"], SplitPlan(validation=("C1",), test=("C1",)))


def test_every_centre_validates_in_exactly_one_fold() -> None:
    centres = ["C1"] * 5 + ["C2"] * 3 + ["C3"] * 9 + ["C4"] * 4 + ["C5"] * 4
    shares = folds_by_centre(centres, 3)
    assert sorted(name for share in shares for name in share) == ["C1", "C2", "C3", "C4", "C5"]
    assert sorted(sum(centres.count(name) for name in share) for share in shares) == [8, 8, 9]
    assert folds_by_centre(centres) == [("C3",), ("C1",), ("C4",), ("C5",), ("C2",)]
    assert shares == folds_by_centre(reversed(centres), 3)


def test_one_fold_validates_and_the_others_train() -> None:
    plan = SplitPlan(fold=1)
    assert splits(["C1", "C2"], plan) == {"C1": "train", "C2": "validation"}


@pytest.mark.parametrize("plan", [SplitPlan(fold=2), SplitPlan(fold=0, folds=3)])
def test_folds_that_cannot_be_made_are_refused(plan: SplitPlan) -> None:
    with pytest.raises(SettingsError, match="fold"):
        splits(["C1", "C2"], plan)


def test_without_a_plan_all_have_one_split() -> None:
    assert set(splits(["C1", "C2"], SplitPlan()).values()) == {""}
    assert set(splits(["C1", "C2"], SplitPlan(split="test")).values()) == {"test"}


def test_two_plans_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="give one of"):
        SplitPlan("paper-like", split="train")


def test_a_misspelt_preset_offers_the_nearest() -> None:
    with pytest.raises(SettingsError, match="nearest is 'paper-like'"):
        SplitPlan("paperlike")
