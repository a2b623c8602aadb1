"""One member as a folder that segmentation_models_pytorch opens by itself."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from nets.architectures import build_whole
from nets.bundle import Member
from nets.checkpoint import load_checkpoint
from nets.errors import CheckpointError
from nets.preprocessing import Preprocessing
from nets.spec import TriNetSpec

FILTERS = {"area": "INTER_AREA", "bilinear": "INTER_LINEAR", "nearest": "INTER_NEAREST"}

CARD = """\
---
library_name: segmentation-models-pytorch
pipeline_tag: image-segmentation
---
# {name}

A member of DivergentNets, an ensemble that finds polyps in colonoscopy frames.
Research software, not a medical device.

```python
import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch

network = smp.from_pretrained("THIS FOLDER").eval()
rgb = cv2.imread("frame.png")[..., ::-1]{crop}
image = cv2.resize(rgb, ({width}, {height}), interpolation=cv2.{filter}){order}
image = (image{scaled} - np.array({mean})) / np.array({std})
batch = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None]
polyp = network(batch)[0, 1]  # a probability for each of {height} x {width}: its softmax is inside
```

Metrics: {metrics}

Trained on: {trained_on}
"""


def save_for_smp(member: Member, folder: Path) -> None:
    """Write a member for `smp.from_pretrained`, whole or not at all, replacing what is there.

    Args:
        member: one network; a triangle of three is none.
        folder: of the result.

    Raises:
        CheckpointError: it is a triangle, or cannot be read or written.
    """
    spec = member.header.spec
    if isinstance(spec.network, TriNetSpec):
        raise CheckpointError(
            f"{member.name}: three networks, which smp cannot hold: export it to .onnx or .xml"
        )
    trained, header = load_checkpoint(member.path)
    network = build_whole(spec.from_scratch())
    unused = network.load_state_dict(trained.state_dict(), strict=False).missing_keys
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in unused:  # stages behind the last that the decoder asks for
                parameter.zero_()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".export-") as aside:
            made = Path(aside) / folder.name
            made.mkdir()
            card = _card(member.name, spec.preprocessing, header.metrics, header.trained_on)
            (made / "README.md").write_text(card, encoding="utf-8")
            network.eval().save_pretrained(made)  # type: ignore[operator]
            for file in made.iterdir():  # the library keeps some for their owner alone
                file.chmod((made / "README.md").stat().st_mode)
            if folder.is_dir():
                shutil.rmtree(folder)
            made.replace(folder)
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be written ({error.strerror or error})") from error


def _card(
    name: str, contract: Preprocessing, metrics: dict[str, float], trained_on: dict[str, object]
) -> str:
    """How to feed the network, in code, and what it earned."""
    seen = "of the endoscope's picture alone" if contract.extent == "view" else "of all of it"
    return CARD.format(
        name=name,
        crop=f"  # {seen}",
        width=contract.width,
        height=contract.height,
        filter=FILTERS[contract.resize],
        order="" if contract.order == "rgb" else "[..., ::-1]",
        scaled=" / 255" if contract.unit_range else "",
        mean=list(contract.mean),
        std=list(contract.std),
        metrics=json.dumps(metrics),
        trained_on=json.dumps(trained_on),
    )
