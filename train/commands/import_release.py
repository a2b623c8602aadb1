"""`divergent-train import-release`: the authors' published weights into an ensemble."""

import tempfile
from pathlib import Path

from train.commands.bundle import print_bundle
from train.commands.options import Output, Overwrite, named_path, refuse_existing
from train.errors import SettingsError


def import_release(*files: str, output: Output, overwrite: Overwrite = False) -> None:
    """Make an ensemble of the weights that the paper's authors published.

    Nothing in the files is executed: they are pickles, and whatever their kind does not need is
    refused by name. docs/releases.md says what is read.

    Args:
        files: Their best_checkpoint.pth, PATH or NAME=PATH; named after its architecture if not.
        output: The bundle's folder.
        overwrite: Replace a bundle.
    """
    if not files:
        raise SettingsError("no files: name the authors' checkpoints")
    refuse_existing(output, overwrite)

    from nets.bundle import write_bundle
    from nets.checkpoint import save_checkpoint
    from nets.release import read_release

    output.parent.mkdir(parents=True, exist_ok=True)
    # Beside the output: a network's tensors may be too large for where temporary files lie.
    with tempfile.TemporaryDirectory(prefix=f"{output.name}.", dir=output.parent) as folder:
        members: dict[str, Path] = {}
        for written in files:
            name, path = named_path(written)
            module, header = read_release(path)
            architecture = header.spec.network.architecture
            name = name or ("triunet" if architecture == "trinet" else architecture)
            if name in members:
                raise SettingsError(f"two members are called {name}: give NAME=PATH")
            members[name] = Path(folder) / f"{len(members)}.safetensors"
            save_checkpoint(members[name], module, header)
            print(f"{path}: {name}, epoch {header.trained_on['epoch']}", flush=True)
        made = write_bundle(output, members)
    print_bundle(made, output)
