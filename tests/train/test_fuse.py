"""How members are made one: fitted on some pictures, judged on others."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nets.bundle import Bundle, read_bundle, write_bundle
from nets.checkpoint import Header, save_checkpoint
from nets.engine import open_engine
from nets.fusion import Shares
from nets.fusion_file import read_fusion_header
from nets.picture import Rect
from nets.preprocessing import Prepared
from nets.spec import MemberSpec
from train.cli import run
from train.errors import TrainingError
from train.evaluation_files import read_evaluation
from train.fuse import KINDS, best_of, choose_folds, fit_each, fit_fusion, judge, polyp_f1
from train.manifest import Sample, write_manifest
from train.member_maps import MemberMaps, collect, share_out
from train.pictures import read_mask
from train.start import start_module

SIDE = 64


@pytest.fixture
def found(training: list[Sample]) -> MemberMaps:
    """Two hospitals; a member that doubts, one that guesses, and one that is fooled by specks."""
    rng = np.random.default_rng(0)
    samples = [replace(s, centre=f"H{n % 2}") for n, s in enumerate(training[:16])]
    truths = np.stack([read_mask(s.mask, (SIDE, SIDE)) for s in samples]).astype(np.uint8)
    doubting = 0.25 + 0.2 * truths  # right, but never above one half
    guessing = rng.random(truths.shape)
    specks = np.where(rng.random(truths.shape) < 0.1, 0.95, 0.9 * truths)
    maps = np.stack([doubting, guessing, specks], axis=1).astype(np.float16)
    whole = Rect(0, 0, SIDE, SIDE)
    return MemberMaps(tuple(samples), maps, truths, (Prepared((), whole, whole),) * len(samples))


def everything(found: MemberMaps) -> np.ndarray:
    return np.ones(len(found.samples), bool)


def test_what_is_fitted_listens_to_members_that_know_something(found: MemberMaps) -> None:
    shares = fit_fusion("weighted", found, everything(found))
    assert isinstance(shares, Shares)
    assert shares.shares.sum() == pytest.approx(1, abs=1e-6)
    assert shares.shares.argmax() == 2
    assert shares.shares[1] < 0.15


def test_the_learned_are_better_on_pictures_that_they_were_not_fitted_on(
    found: MemberMaps,
) -> None:
    folds = choose_folds(found)
    assert (folds.by, folds.numbers.tolist()) == ("centre", [0, 1] * 8)
    scored = {k: judge(k, found, folds, extent="view", threshold=0.5, steps=100) for k in KINDS}
    f1 = {kind: polyp_f1(each) for kind, each in scored.items()}
    assert f1["stacked"] > f1["weighted"] + 0.02 > f1["mean"]
    assert best_of(scored) in {"stacked", "cnn"}
    assert all(len(each.images) == 16 and each.name == kind for kind, each in scored.items())
    assert best_of({"mean": scored["cnn"], "cnn": scored["cnn"]}) == "mean"


def test_a_fold_is_judged_by_what_never_saw_its_masks(found: MemberMaps) -> None:
    folds = choose_folds(found)

    def rows(changed: MemberMaps) -> list[object]:
        judged = judge("weighted", changed, folds, extent="view", threshold=0.4, steps=60)
        return [image.native for image in judged.images]

    truths = found.truths.copy()
    truths[folds.numbers == 0] = 1 - truths[folds.numbers == 0]
    before, after = rows(found), rows(replace(found, truths=truths))
    assert after[::2] == before[::2]  # fold 0, whose masks were turned round
    assert after[1::2] != before[1::2]  # fitted on them


def test_the_same_seed_fits_the_same(found: MemberMaps) -> None:
    one, again = (fit_fusion("cnn", found, everything(found), seed=4, steps=20) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))


def test_fits_side_by_side_are_what_each_is_alone(found: MemberMaps) -> None:
    folds, threads = choose_folds(found), torch.get_num_threads()
    parts = [folds.numbers == 0, folds.numbers == 1]
    alone = [fit_fusion("cnn", found, part, seed=2, steps=10) for part in parts]
    together = list(fit_each("cnn", found, parts, seed=2, steps=10))
    assert not torch.equal(together[0].near.weight, together[1].near.weight)
    for one, other in zip(alone, together, strict=True):
        pairs = zip(one.parameters(), other.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.get_num_threads() == threads


def test_without_several_hospitals_recordings_or_blocks_are_held_out(found: MemberMaps) -> None:
    one = [replace(sample, centre="H") for sample in found.samples]
    recorded = [replace(s, sequence=f"seq{n // 8}") for n, s in enumerate(one)]
    folds = choose_folds(replace(found, samples=tuple(recorded)))
    assert (folds.by, folds.numbers.tolist()) == ("sequence", [0] * 8 + [1] * 8)
    blocks = choose_folds(replace(found, samples=tuple(one)))
    assert blocks.by == "block"
    assert blocks.numbers.tolist() == sorted(blocks.numbers)
    assert set(blocks.numbers) == set(range(5))
    with pytest.raises(TrainingError, match="others to be judged by"):
        choose_folds(replace(found, samples=found.samples[:1]))


@pytest.fixture(scope="module")
def make_bundle(
    tiny_member: Callable[..., MemberSpec], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Bundle]:
    """Makes a bundle of two members with random weights, trained on some centres by its account."""

    def make(*centres: str, teacher: str = "", start: str = "") -> Bundle:
        folder = tmp_path_factory.mktemp("bundle")
        paths = {}
        for seed, name in enumerate(("fpn", "unet")):
            torch.manual_seed(seed)
            spec = tiny_member(name)
            module = start_module(spec)
            with torch.no_grad():
                module.train()(torch.randn(4, 3, SIDE, SIDE))
            told: dict[str, list[str]] = {"centres": [*centres]}
            told |= {f"{k}_centres": [v] for k, v in {"teacher": teacher, "start": start}.items()}
            paths[name] = folder / f"{name}.safetensors"
            save_checkpoint(paths[name], module.eval(), Header(spec, trained_on=told))
        return write_bundle(folder / "-".join(["b", *centres]), paths)

    return make


def test_members_look_at_pictures_of_centres_alone_that_they_were_not_trained_on(
    found: MemberMaps, make_bundle: Callable[..., Bundle]
) -> None:
    without_0, without_1 = make_bundle("H1"), make_bundle("H0")
    shares = share_out(found.samples, [without_0, without_1])
    assert [{sample.centre for sample in share} for share in shares] == [{"H0"}, {"H1"}]
    with pytest.raises(TrainingError, match="trained on H1"):
        share_out(found.samples, [without_0])
    with pytest.raises(TrainingError, match="trained on H0"):
        share_out(found.samples, [make_bundle("H2", teacher="H0")])
    with pytest.raises(TrainingError, match="trained on H1"):  # whose weights it started from
        share_out(found.samples, [make_bundle("H2", start="H1")])


def test_maps_are_collected_on_the_bundles_grid(
    found: MemberMaps, make_bundle: Callable[..., Bundle]
) -> None:
    bundle = make_bundle("H9")
    with open_engine([str(bundle.members[0].path.parent)], device="eager") as engine:
        collected = collect(engine, found.samples[:3])
    assert collected.maps.shape == (3, 2, SIDE, SIDE)
    assert np.array_equal(collected.truths, found.truths[:3])
    assert collected.places[0].inputs == ()


def test_fuse_is_one_command_from_a_bundle_to_a_better_one(
    found: MemberMaps, make_bundle: Callable[..., Bundle], tmp_path: Path, capsys
) -> None:
    folder = make_bundle("H9").members[0].path.parent
    (folder / "README.md").write_text("its card")
    samples = [replace(sample, split="validation") for sample in found.samples[:6]]
    write_manifest(tmp_path / "m.csv", samples)
    words = ["fuse", "--weights", folder, "--manifest", tmp_path / "m.csv", "--kind", "cnn"]
    words += ["-o", tmp_path / "fused", "--json", tmp_path / "judged.json", "--device", "eager"]
    assert run([str(word) for word in words]) == 0
    said = capsys.readouterr().out
    assert all(kind in said for kind in KINDS)
    assert "cnn of fpn, unet" in said
    made = read_bundle(tmp_path / "fused")
    assert (made.fusion.kind, made.card) == ("cnn", "its card")
    assert made.fusion.file is not None
    header = read_fusion_header(made.fusion.file)
    assert header.fitted_on["samples"] == 6
    assert set(header.fitted_on["held_out_f1"]) == set(KINDS)
    for kind in KINDS:
        assert len(read_evaluation(tmp_path / f"judged-{kind}.json").images) == 6
    with open_engine([str(tmp_path / "fused")], device="eager") as engine:
        assert engine.predict([collect_one(engine, samples[0])]).shape == (1, SIDE, SIDE)
    assert run([str(word) for word in words]) == 1  # is there already


def collect_one(engine, sample: Sample) -> Prepared:
    from train.evaluate import load_prepared

    return load_prepared(sample, engine)[2]
