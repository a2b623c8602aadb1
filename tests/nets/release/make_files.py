"""Makes the files of this folder with the libraries of 2021, as the authors' scripts made theirs.

Not a test: it runs in an environment of its own, and what it makes is kept beside it.

    uv venv -p 3.8 OLD
    uv pip install -p OLD/bin/python torch==1.8.1 torchvision==0.9.1 \
        segmentation-models-pytorch==0.1.3 "numpy<1.24" six
    OLD/bin/python tests/nets/release/make_files.py tests/nets/release

(Made with Python 3.8.18, pretrainedmodels 0.7.4, numpy 1.23.5.) With `--full` it writes the
authors' own networks instead: SE-ResNeXt-50 and default decoders, 1.2 GB, not compressed; and of
two of them what remains without the tensors' numbers (`NAME.outline.xz`).

The weights of each tensor repeat a pattern of its own, and batch norm's statistics keep three
binary digits, so that the files are small when they are compressed and every weight of the
networks has its say all the same. What TriUNet inherits and never uses is NaN.
"""

import argparse
import io
import lzma
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch

PERIOD = 127
SIZE = (64, 96)
CLASSES = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "fpn": smp.FPN,
    "deeplabv3": smp.DeepLabV3,
    "deeplabv3plus": smp.DeepLabV3Plus,
}
NARROW = {
    "unet": {"decoder_channels": (32, 16, 16, 8, 8)},
    "unetplusplus": {"decoder_channels": (16, 16, 8, 8, 8)},
    "fpn": {"decoder_pyramid_channels": 32, "decoder_segmentation_channels": 32},
    "deeplabv3": {"decoder_channels": 16},
    "deeplabv3plus": {"decoder_channels": 16},
}
LEGACY = {"deeplabv3", "unet"}
"""Written as torch wrote files before 1.6; the others are zip archives."""

FROM_GPU = {"deeplabv3plus", "unet"}
"""Their tensors say that they were on a GPU when they were saved."""

OUTLINES = {"fpn", "triunet"}


class TripleUnet(smp.UnetPlusPlus):
    """The authors' TriUNet: three U-Nets, and a UNet++ that it inherits and never uses."""

    def __init__(self, parent, encoder_name, **common):
        super().__init__(**parent)
        common["encoder_name"] = encoder_name
        self.in_model_1 = smp.Unet(in_channels=3, **common)
        self.in_model_2 = smp.Unet(in_channels=3, **common)
        self.out_model = smp.Unet(in_channels=4, **common)

    def forward(self, x):
        return self.out_model(torch.cat((self.in_model_1(x), self.in_model_2(x)), 1))


sources = torch.serialization.get_source_lines_and_file


def without_sources(kind):
    """What the older format keeps of a class's source: not its text, nor where it lay here."""
    lines, number, file = sources(kind)
    return lines[:1], number, Path(file).name


torch.serialization.get_source_lines_and_file = without_sources

TripleUnet.__module__ = "my_models.triple_models"  # where the authors' repository has it
sys.modules["my_models"] = types.ModuleType("my_models")
sys.modules["my_models.triple_models"] = types.ModuleType("my_models.triple_models")
sys.modules["my_models.triple_models"].TripleUnet = TripleUnet


def build(name, full):
    encoder = "se_resnext50_32x4d" if full else "mobilenet_v2"
    common = {"encoder_weights": None, "classes": 2, "activation": "softmax2d"}
    decoder = {} if full else NARROW.get(name, NARROW["unet"])
    if name == "triunet":
        parent = {"encoder_weights": None}
        if not full:
            parent.update(encoder_name="mobilenet_v2", **NARROW["unetplusplus"])
        return TripleUnet(parent, encoder, **common, **decoder)
    return CLASSES[name](encoder, in_channels=3, **common, **decoder)


def fill(module, random):
    """Weights of few values that repeat, of the size that keeps signals alive."""
    for child in module.modules():
        for name, tensor in child.named_parameters(recurse=False):
            pattern = random.randint(-31, 32, PERIOD) / 32.0
            if isinstance(child, torch.nn.Conv2d) and name == "weight":
                fan_in = tensor[0].numel()
                pattern *= 2.0 ** np.round(np.log2(np.sqrt(6.0 / fan_in)))
            else:
                pattern = pattern / 4 + (name == "weight")
            tensor.data = torch.from_numpy(np.resize(pattern, tuple(tensor.shape))).float()


def calibrate(module, images):
    """Batch norm's statistics of these images, three binary digits of each."""
    norms = [child for child in module.modules() if isinstance(child, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # a plain mean
        norm.reset_running_stats()
    module.train()
    with torch.no_grad():
        module(images)
    for norm in norms:
        norm.momentum = 0.1
        for statistic in (norm.running_mean, norm.running_var):
            mantissa, exponent = np.frexp(statistic.numpy())
            statistic.copy_(torch.from_numpy(np.ldexp(np.round(mantissa * 8) / 8, exponent)))
    module.eval()


def outline(whole):
    """An archive's pickle alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(buffer, "w") as other:
        other.writestr("archive/data.pkl", archive.read("archive/data.pkl"))
    return buffer.getvalue()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    random = np.random.RandomState(2021)
    torch.manual_seed(2021)
    images = random.randint(0, 256, (4, 3, 8, 12)).astype(np.float32)
    images = torch.nn.functional.interpolate(torch.from_numpy(images), SIZE, mode="bicubic")
    images = images.clamp(0, 255).round()
    kept = {"image": images[:1].numpy().astype(np.uint8)}
    for name in [*CLASSES, "triunet"]:
        module = build(name, options.full)
        fill(module, random)
        calibrate(module, images)
        if name == "triunet":
            for part in (module.encoder, module.decoder, module.segmentation_head):
                for parameter in part.parameters():
                    parameter.data.fill_(float("nan"))
        save(module, name, options)
        with torch.no_grad():
            kept[name] = module.double()(images[:1].double())[:, 1].float().numpy()
        polyp = kept[name]
        print(name, "probability from", polyp.min(), "to", polyp.max(), "mean", polyp.mean())
    np.savez_compressed(str(options.folder / "outputs.npz"), **kept)


def save(module, name, options):
    location_tag = torch.serialization.location_tag
    if name in FROM_GPU:
        torch.serialization.location_tag = lambda storage: "cuda:0"
    buffer = io.BytesIO()
    torch.save(
        {"model": module, "epoch": 150},
        buffer,
        _use_new_zipfile_serialization=name not in LEGACY,
    )
    torch.serialization.location_tag = location_tag
    if options.full:
        (options.folder / (name + ".pth")).write_bytes(buffer.getvalue())
        if name in OUTLINES:
            small = lzma.compress(outline(buffer), preset=9)
            (options.folder / (name + ".outline.xz")).write_bytes(small)
        return
    small = lzma.compress(buffer.getvalue(), preset=9)
    (options.folder / (name + ".xz")).write_bytes(small)
    print(name, len(buffer.getvalue()), "bytes, compressed", len(small))


if __name__ == "__main__":
    main()
