"""Networks rewritten for one size of picture answer as before, with less arithmetic."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from nets.architectures import build
from nets.bundle import Bundle, read_bundle, read_weights, write_bundle
from nets.checkpoint import Header, save_checkpoint
from nets.cost import cost_of
from nets.engine import open_engine
from nets.engine.cuda import CudaEngine
from nets.engine.cuda.accelerator import Plain
from nets.engine.folds import Enlarging, drop_dead_taps, fold_enlarging, fold_norms, fold_scores
from nets.engine.openvino_model import convert, converted
from nets.engine.openvino_runtime import openvino
from nets.picture import Rect
from nets.preprocessing import Prepared
from nets.spec import MemberSpec
from nets.untrained import _members_of
from tests.nets.engine.test_folded_norms import lived_in

ROUNDING = 1e-9
"""Of a probability, in double precision: the same sums in another order."""

BLOCKS = {"unet": 3, "unetplusplus": 4, "fpn": 0, "deeplabv3": 0, "deeplabv3plus": 0, "triunet": 9}
"""Decoders' blocks that enlarge, of the tiny members."""

SMALL_SCORES = ["fpn", "deeplabv3", "deeplabv3plus"]
"""Networks that enlarge their scores at the end."""

FOLDED = ["unetplusplus", "deeplabv3", "triunet"]

COMPACT = Path("configs/ensembles/compact.yaml")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def settled(spec: MemberSpec) -> nn.Module:
    torch.manual_seed(1)
    return lived_in(build(spec.from_scratch())).double()


def check(network: nn.Module, picture: Tensor) -> tuple[int, int, int]:
    """Fold for a picture's size and compare; how often for taps, for blocks and for scores."""
    with torch.no_grad():
        before = network(picture)
        fold_norms(network, picture)
        taps, enlargings = drop_dead_taps(network, picture), fold_enlarging(network, picture)
        scores = fold_scores(network, picture)
        after = network(picture)
    assert before.std() > 1e-3  # or anything would equal it
    assert (before - after).abs().max() < ROUNDING
    return taps, enlargings, scores


@pytest.mark.parametrize("size", [(64, 64), (32, 96)])
@pytest.mark.parametrize("architecture", BLOCKS)
def test_a_folded_network_answers_the_same(
    architecture: str, size: tuple[int, int], tiny_member: Callable[..., MemberSpec]
) -> None:
    network = settled(tiny_member(architecture))
    _, enlargings, scores = check(network, noise(2, 3, *size))
    assert scores == (architecture in SMALL_SCORES)
    assert enlargings == BLOCKS[architecture]
    assert sum(isinstance(module, Enlarging) for module in network.modules()) == enlargings


@pytest.mark.parametrize(("side", "smaller"), [(192, 3), (256, 2)])
@pytest.mark.parametrize("name", ["deeplabv3", "deeplabv3plus"])
def test_dead_taps_of_the_compact_ensemble_depend_on_the_pictures_size(
    name: str, side: int, smaller: int
) -> None:
    network = settled(_members_of(COMPACT)[name])
    assert check(network, noise(1, 3, side, side)) == (smaller, 0, 1)
    kernels = sorted(
        module.kernel_size
        for module in network.get_submodule("decoder").modules()
        if isinstance(module, nn.Conv2d) and module.dilation[0] > 1
    )
    assert kernels == [(1, 1)] * smaller + [(3, 3)] * (3 - smaller)


@pytest.mark.parametrize("name", ["unetplusplus", "triunet"])
def test_the_compact_ensembles_decoders_do_less(name: str) -> None:
    spec = _members_of(COMPACT)[name]
    network = settled(spec).float()
    contract = spec.preprocessing
    picture = torch.zeros(1, 3, contract.height, contract.width)
    published = cost_of(network, contract).flop
    assert fold_enlarging(network, picture) == (12 if name == "triunet" else 7)
    assert cost_of(network, contract).flop < 0.85 * published


def test_narrow_maps_can_be_left_to_the_library(tiny_member: Callable[..., MemberSpec]) -> None:
    network, picture = settled(tiny_member("unet")), noise(1, 3, 64, 64)
    assert fold_enlarging(network, picture, least=9) == 1  # the encoder's; a decoder's have 8
    assert fold_enlarging(network, picture, least=8) == 2


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "left"),
    [
        ((12, 12), 3, 1, 12, 12, (1, 1)),
        ((13, 12), 3, 1, 12, 12, (3, 1)),
        ((12, 40), 3, 1, 12, 12, (1, 3)),
        ((9, 9), 5, 1, 8, 4, (5, 5)),
        ((8, 9), 5, 1, 8, 4, (3, 5)),
        ((4, 4), 5, 1, 8, 4, (1, 1)),
        ((12, 12), 3, 2, 12, 12, (1, 1)),
        ((24, 24), 3, 1, 3, 12, (3, 3)),
    ],
)
@pytest.mark.parametrize("groups", [1, 4])
def test_only_taps_that_see_padding_alone_are_dropped(
    size: tuple[int, int],
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    left: tuple[int, int],
    groups: int,
) -> None:
    layer = nn.Conv2d(4, 8, kernel, stride, padding, dilation, groups).double()
    network, picture = nn.Sequential(layer), noise(1, 4, *size)
    with torch.no_grad():
        before = network(picture)
        assert drop_dead_taps(network, picture) == (left != (kernel, kernel))
        assert network[0].kernel_size == left
        assert (network(picture) - before).abs().max() < ROUNDING
        assert layer.kernel_size == (kernel, kernel)  # whoever else has it keeps it whole


def test_a_convolution_that_also_sees_a_larger_map_keeps_its_taps() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 3, padding=12, dilation=12).double()

        def forward(self, image: Tensor) -> Tensor:
            small: Tensor = self.layer(image[:, :, :8, :8])
            return small + self.layer(image)[:, :, :8, :8]

    assert drop_dead_taps(Twice(), noise(1, 3, 16, 16)) == 0
    assert drop_dead_taps(Twice(), noise(1, 3, 12, 12)) == 1


@pytest.mark.parametrize(
    "decoder",
    [
        {"decoder_attention_type": "scse"},
        {"decoder_interpolation": "bilinear"},
    ],
)
@pytest.mark.parametrize("make", [smp.Unet, smp.UnetPlusPlus])
def test_blocks_that_are_not_just_enlarging_and_convolving_stay(
    make: type[nn.Module], decoder: dict[str, str]
) -> None:
    network = make(
        "resnet18", encoder_weights=None, encoder_depth=3, decoder_channels=(64, 32, 16), **decoder
    )
    network.double().eval()
    assert check_raw(network, noise(1, 3, 64, 64)) == 0


def check_raw(network: nn.Module, picture: Tensor) -> int:
    with torch.no_grad():
        before = network(picture)
        count = fold_enlarging(network, picture)
        assert (network(picture) - before).abs().max() < ROUNDING * before.abs().max()
    return count


@pytest.mark.parametrize("norm", ["batchnorm", "identity"])
def test_whatever_norm_follows_the_convolution_stays_behind_the_sum(norm: str) -> None:
    torch.manual_seed(2)
    network = smp.Unet(
        "resnet18",
        encoder_weights=None,
        encoder_depth=3,
        decoder_channels=(32, 16, 8),
        decoder_use_norm=norm,
    )
    network.double().eval()
    assert check_raw(network, noise(1, 3, 64, 64)) == 3


def test_a_block_that_does_not_double_its_map_stays() -> None:
    block = smp.decoders.unet.decoder.UnetDecoderBlock(4, 3, 5).double().eval()

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def forward(self, image: Tensor) -> Tensor:
            low = torch.cat([image, image[:, :1]], 1)
            answer: Tensor = self.block(low, 2 * image.shape[2] + 1, 2 * image.shape[3], None)
            return answer

    block.conv1[0] = nn.Conv2d(4, 5, 3, padding=1, bias=False).double()
    assert check_raw(Odd().eval(), noise(1, 3, 6, 6)) == 0


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize(("channels", "folds"), [(2, 1), (4, 1), (5, 0)])
def test_few_channels_are_enlarged_by_products(
    channels: int, folds: int, align_corners: bool
) -> None:
    network = nn.Sequential(
        nn.Upsample(scale_factor=3, mode="bilinear", align_corners=align_corners)
    )
    picture = noise(2, channels, 5, 8)
    before = network(picture)
    assert fold_scores(network, picture) == folds
    assert isinstance(network[0], nn.Upsample) != folds
    assert (network(picture) - before).abs().max() < ROUNDING


@pytest.mark.parametrize(("mode", "times"), [("bilinear", 2), ("nearest", 1)])
def test_an_enlarging_of_several_sizes_or_by_another_filter_stays(mode: str, times: int) -> None:
    enlarging = nn.Upsample(scale_factor=2, mode=mode)
    network = nn.Sequential(*[enlarging] * times)
    assert fold_scores(network, noise(1, 2, 6, 6)) == 0
    assert network[0] is enlarging


@pytest.fixture(scope="module")
def weights(
    tmp_path_factory: pytest.TempPathFactory, tiny_member: Callable[..., MemberSpec]
) -> Path:
    """Members with something to fold, at two sizes."""
    folder, members = tmp_path_factory.mktemp("folds"), {}
    for number, architecture in enumerate(FOLDED):
        torch.manual_seed(number)
        spec = tiny_member(architecture, 96 if architecture == "deeplabv3" else 64)
        members[architecture] = folder / f"{architecture}.safetensors"
        save_checkpoint(members[architecture], lived_in(build(spec)), Header(spec))
    write_bundle(folder / "all", members)
    return folder / "all"


def test_engines_with_folds_answer_as_the_reference(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIVERGENT_CACHE", str(tmp_path))
    bundle = read_bundle(weights)
    rng = np.random.default_rng(0)
    inputs = tuple(
        rng.integers(0, 256, (it.height, it.width, 3), dtype=np.uint8) for it in bundle.contracts
    )
    picture = Prepared(inputs, Rect(0, 0, 64, 64), Rect(0, 0, 64, 64))
    with open_engine([str(weights)], device="eager") as reference:
        expected = reference.predict_members([picture])
    with open_engine([str(weights)], device="cpu", precision="f32") as engine:
        assert np.abs(engine.predict_members([picture]) - expected).max() < 1e-4
    kinds = [op.get_type_name() for op in openvino.Core().read_model(kept(bundle)).get_ops()]
    assert kinds.count("ConvolutionBackpropData") == sum(BLOCKS[name] for name in FOLDED)
    with CudaEngine(bundle, Plain(), precision="f32", batches=(1,)) as engine:
        assert np.abs(engine.predict_members([picture]) - expected).max() < 1e-4


def kept(bundle: Bundle) -> Path:
    """The model that an engine has converted before."""
    return converted(bundle, pytest.fail)


def test_a_graph_can_be_had_as_published(weights: Path) -> None:
    bundle = read_weights([weights / "unetplusplus.safetensors"])
    kinds = [op.get_type_name() for op in convert(bundle, folded=False).get_ops()]
    assert kinds.count("Convolution") > 10
    assert kinds.count("ConvolutionBackpropData") == 0
