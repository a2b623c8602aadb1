"""`divergent-train fuse`: an ensemble whose fusion was fitted, and judged on what it was not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from train.commands.options import Output, Overwrite, Several, refuse_existing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.evaluation import Evaluation
    from train.manifest import Sample
    from train.member_maps import MemberMaps


def fuse(
    *,
    manifest: Path,
    output: Output,
    weights: Annotated[tuple[Path, ...], Several] = (),
    folds: Annotated[tuple[Path, ...], Several] = (),
    split: str = "validation",
    kind: Literal["best", "mean", "weighted", "stacked", "cnn"] = "best",
    json: Path | None = None,
    view: Literal["auto", "full"] = "auto",
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Fit how an ensemble's members are made one, and write a bundle that does so.

    Four ways are fitted and scored: the mean, a weighted mean, a 1x1 convolution over the members'
    maps, and a small CNN. Each is judged on centres that it was not fitted on; pictures that the
    members were trained on are refused.

    Args:
        manifest: The list of images and masks.
        output: The new bundle's folder; it may be the one that is read.
        weights: A bundle, or one or more checkpoints; the shipped ensemble if not given.
        folds: Bundles of the same members, each trained without some centre: each centre's maps
            are made by the first that has not seen it. The weights' own members if not given.
        split: Which of the manifest's splits; all for every row.
        kind: What the bundle gets: best is whatever scores best.
        json: File for the numbers; each way has its own beside it, as `evaluate` writes them.
        view: auto finds the endoscope's picture in each frame, full takes the whole frame.
        seed: Of the fits.
        device: auto, cpu (OpenVINO), eager (PyTorch on the CPU) or cuda[:N].
        precision: auto, f32, f16 or bf16.
        overwrite: Replace a bundle and existing files.
    """
    from nets.bundle import read_weights, shipped
    from train.commands.evaluate import of_split
    from train.console import count_progress
    from train.evaluation_files import write_evaluation
    from train.fuse import KINDS, best_of, choose_folds, fit_fusion, judge, polyp_f1, put_into
    from train.manifest import read_manifest
    from train.placed import place_bundle

    weights = weights or (shipped(),)
    if list(weights) != [output]:
        refuse_existing(output, overwrite)
    if json is not None:
        refuse_existing(json, overwrite)
    bundle = read_weights(weights)
    samples = of_split(read_manifest(manifest), split, manifest)
    sources: list[tuple[Path, ...]] = [(path,) for path in folds]
    found, conditions, fit_on = _looked_at(sources or [weights], samples, view, device, precision)
    held_out = choose_folds(found)
    conditions |= {
        "manifest": manifest.name,
        "weights": bundle.name,
        "fitted on": f"the other {held_out.by}s",
        "seed": seed,
    }
    scored = {}
    for way in KINDS:
        with count_progress(f"fitting {way}") as progress:
            scored[way] = judge(
                way,
                found,
                held_out,
                extent=bundle.grid.extent,
                threshold=bundle.threshold,
                conditions=conditions,
                seed=seed,
                device=fit_on,
                progress=progress,
            )
        if json is not None:
            write_evaluation(json.with_name(f"{json.stem}-{way}.json"), scored[way])
    _print_scores([*scored.values()])
    chosen = best_of(scored) if kind == "best" else kind
    everything = fit_fusion(chosen, found, held_out.numbers >= 0, seed=seed, device=fit_on)
    place_bundle(weights, output)
    told = {
        "manifest": manifest.name,
        "split": split,
        "samples": len(samples),
        "held_out": held_out.by,
        "held_out_f1": {way: polyp_f1(each) for way, each in scored.items()},
        "seed": seed,
    }
    shares = put_into(output, chosen, everything, told)
    names = [member.name for member in bundle.members]
    pairs = ", ".join(f"{name} {share}" for name, share in zip(names, shares, strict=False))
    print(f"{output}: {chosen} of {pairs or ', '.join(names)}")


def _looked_at(
    sources: "Sequence[tuple[Path, ...]]",
    samples: "Sequence[Sample]",
    view: str,
    device: str,
    precision: str,
) -> "tuple[MemberMaps, dict[str, Any], str]":
    """Members' maps of samples that they were not trained on, the conditions, and the device."""
    from nets.bundle import read_weights
    from nets.engine import open_engine
    from train.console import count_progress
    from train.evaluate import conditions_of
    from train.member_maps import collect, joined, share_out
    from train.view import find_view_in

    find_view = find_view_in if view == "auto" else None
    shares = share_out(samples, [read_weights(paths) for paths in sources])
    parts: list[MemberMaps] = []
    for paths, share in zip(sources, shares, strict=True):
        if not share:
            continue
        with (
            open_engine(
                [str(path) for path in paths], device=device, precision=precision, notify=print
            ) as engine,
            count_progress("looking") as progress,
        ):
            parts.append(collect(engine, share, find_view, progress))
            conditions = conditions_of(engine, samples, find_view)
            fit_on = engine.device
    return joined(parts), conditions, fit_on


def _print_scores(scored: "list[Evaluation]") -> None:
    """Print each way's held-out F1, and what it has over the mean of the same pictures."""
    from train.intervals import compare, mean_interval
    from train.markdown import bounded
    from train.metrics import image_scores

    mean = image_scores(scored[0].grid_rows)["f1"]
    print(f"{'':<10}{'polyp F1, held out':<24}less the mean")
    for each in scored:
        f1 = image_scores(each.grid_rows)["f1"]
        clusters = each.clusters()
        difference = compare(f1, mean, clusters) if each is not scored[0] else None
        told = bounded(difference.mean, (difference.low, difference.high)) if difference else ""
        print(
            f"{each.name:<10}{bounded(f1.mean(), mean_interval(f1, clusters)):<24}{told}".rstrip()
        )
