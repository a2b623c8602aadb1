"""The authors' kind of file becomes a member that answers as the original did."""

import copy
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nets.architectures import build
from nets.checkpoint import Header, load_checkpoint, save_checkpoint
from nets.errors import ReleaseError
from nets.release import AUTHORS_CONTRACT, read_release
from nets.release.agreement import check_agreement
from nets.release.file import open_release
from nets.release.recover import recover
from nets.spec import MemberSpec, TriNetSpec

Unpack = Callable[[str], Path]
Read = Callable[[str], tuple[nn.Module, Header]]
OUTPUTS = Path(__file__).parent / "outputs.npz"
NAMES = ("unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus", "triunet")


@pytest.mark.parametrize("name", NAMES)
def test_a_release_answers_as_its_original_did(name: str, member: Read) -> None:
    module, header = member(name)
    with np.load(OUTPUTS) as kept, torch.inference_mode():
        # In double precision, as the original was asked: what may differ is the network, not
        # how a release of torch rounds.
        image = torch.from_numpy(kept["image"]).double()
        polyp = copy.deepcopy(module).double()(image)[:, 1].numpy()
        np.testing.assert_allclose(polyp, kept[name], rtol=0, atol=1e-6)
        assert np.ptp(polyp) > 0.5  # an answer that says something
    network = header.spec.network
    assert network.architecture == ("trinet" if name == "triunet" else name)
    assert header.trained_on["epoch"] == 150


def test_files_of_both_formats_are_read(release: Unpack) -> None:
    starts = {name: release(name).read_bytes()[:2] for name in NAMES}
    assert starts["deeplabv3"] == starts["unet"] == b"\x80\x02"
    assert starts["fpn"] == starts["triunet"] == b"PK"


def test_what_triunet_inherits_and_never_uses_is_dropped(member: Read) -> None:
    module, header = member("triunet")
    assert isinstance(header.spec.network, TriNetSpec)
    assert {key.split(".")[0] for key in module.state_dict()} == {"left", "right", "top"}
    # In the file the inherited network is NaN from end to end.
    assert all(tensor.isfinite().all() for tensor in module.state_dict().values())


def test_a_member_is_shown_what_the_authors_showed_it(member: Read) -> None:
    contract = member("fpn")[1].spec.preprocessing
    assert (contract.width, contract.height, contract.extent) == (256, 256, "frame")
    assert (contract.resize, contract.order) == ("nearest", "rgb")
    scale, offset = contract.affine()
    assert (scale == 1).all() and (offset == 0).all()


def test_settings_are_read_off_the_network(member: Read) -> None:
    network = member("unetplusplus")[1].spec.network
    assert network.encoder == "mobilenet_v2"
    assert network.decoder == {"encoder_depth": 5, "decoder_channels": (16, 16, 8, 8, 8)}


@pytest.mark.parametrize(
    ("name", "parameters"),  # millions: what the library itself counts (dead ones apart)
    [("fpn", 28.119026), ("triunet", 103.575478)],
)
def test_the_authors_own_networks_are_recognised(
    name: str, parameters: float, release: Unpack
) -> None:
    # Their pickles without the tensors' numbers: SE-ResNeXt-50, decoders as they come.
    with open_release(release(f"{name}.outline")) as outline:
        found = recover(outline.root["model"])
    with torch.device("meta"):
        module = build(MemberSpec(found.spec, AUTHORS_CONTRACT, found.classes))
    check_agreement(found, module)
    assert sum(each.numel() for each in module.parameters()) == round(parameters * 1e6)
    assert "se_resnext50_32x4d" in str(found.spec)


def test_a_release_becomes_an_ordinary_checkpoint(member: Read, tmp_path: Path) -> None:
    module, header = member("deeplabv3plus")
    save_checkpoint(tmp_path / "member.safetensors", module, header)
    again, header_again = load_checkpoint(tmp_path / "member.safetensors")
    assert header_again == header
    for key, tensor in module.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key])


def rewritten(path: Path, folder: Path, old: bytes, new: bytes) -> Path:
    """The archive with other words in its pickle."""
    changed = folder / "changed.pth"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(changed, "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith("data.pkl"):
                assert old in content
                content = content.replace(old, new)
            other.writestr(name, content)
    return changed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"fpn.model\nFPN\n", b"pan.model\nPAN\n", r"segmentation_models_pytorch\.pan\.model\.PAN"),
        (b"mobilenet\nMobileNetV2Encoder", b"resnet\nResNetEncoder", "ResNetEncoder, but none of"),
        (b"activation\nSoftmax\n", b"activation\nSigmoid\n", "2 classes by Sigmoid"),
        (b"\x03\0\0\0add", b"\x03\0\0\0max", "another policy"),
        (b"\x05\0\0\0zeros", b"\x05\0\0\0wraps", "another padding_mode than zeros"),
        (b"activation\nReLU6\n", b"activation\nReLU\n", "is a ReLU, not a ReLU6"),
        (b"skip_conv", b"skip_unit", r"skip_conv\.bias is missing"),
    ],
)
def test_a_network_that_would_answer_otherwise_is_refused_by_name(
    old: bytes, new: bytes, said: str, release: Unpack, tmp_path: Path
) -> None:
    path = rewritten(release("fpn"), tmp_path, old, new)
    with pytest.raises(ReleaseError, match=said) as caught:
        read_release(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
