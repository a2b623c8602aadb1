"""`divergent-train export`: an ensemble, or a member, for other programs."""

from typing import Annotated

from train.commands.options import Output, Overwrite, Several, refuse_existing
from train.errors import SettingsError


def export(
    *,
    output: Output,
    weights: Annotated[tuple[str, ...], Several] = (),
    member: str = "",
    overwrite: Overwrite = False,
) -> None:
    """Write an ensemble as one graph, from a frame in RGB to its mask; or a member for smp.

    Preprocessing, fusion and threshold are in the graph. What it takes and gives is in its
    metadata and in docs/export.md.

    Args:
        output: FILE.onnx, or FILE.xml for OpenVINO IR; with --member a folder that
            smp.from_pretrained opens.
        weights: A bundle, or one or more checkpoints; the shipped ensemble if not given.
        member: Write this member of the ensemble alone; TriUNet is not one network.
        overwrite: Replace what is there.
    """
    for path in {output, output.with_suffix(".bin")} if output.suffix == ".xml" else {output}:
        refuse_existing(path, overwrite)
    from nets.engine import named_bundle

    bundle = named_bundle(weights, print)
    if bundle is None:
        raise SettingsError("fixed: has no networks that could be exported")
    if member:
        from nets.portable.member import save_for_smp

        found = [each for each in bundle.members if each.name == member]
        if not found:
            names = ", ".join(each.name for each in bundle.members)
            raise SettingsError(f"{bundle.name} has no member {member}; it has {names}")
        save_for_smp(found[0], output)
        print(f"{output}: {member}, for smp.from_pretrained")
        return
    from train.export import export as export_bundle

    difference = export_bundle(bundle, output)
    print(f"{output}: {bundle.name}, within {difference:.1g} of PyTorch's probabilities")
