"""The paper's loss by hand-made numbers."""

import math

import pytest
import torch

from nets.errors import ShapeError
from train.loss import cross_entropy, single_channel_dice


def maps(*polyp: torch.Tensor) -> torch.Tensor:
    """(N, 2, H, W) probabilities from each sample's polyp channel."""
    channel = torch.stack(polyp)
    return torch.stack([1 - channel, channel], dim=1)


def test_a_perfect_match_costs_nothing() -> None:
    truth = torch.zeros(1, 8, 8, dtype=torch.int64)
    truth[0, 2:5, 2:5] = 1
    assert single_channel_dice(maps(truth[0].float()), truth).item() == 0.0


def test_an_empty_mask_that_is_predicted_empty_costs_nothing() -> None:
    truth = torch.zeros(1, 8, 8, dtype=torch.int64)
    assert single_channel_dice(maps(torch.zeros(8, 8)), truth).item() == 0.0


def test_the_loss_is_one_minus_equation_1_with_the_authors_epsilon() -> None:
    truth = torch.tensor([[[1, 1], [0, 0]]])
    predicted = torch.tensor([[0.8, 0.4], [0.2, 0.0]])
    overlap, total = 0.8 + 0.4, (0.8 + 0.4 + 0.2) + 2
    expected = 1 - (2 * overlap + 1) / (total + 1)
    assert single_channel_dice(maps(predicted), truth).item() == pytest.approx(expected)
    without = 1 - 2 * overlap / total
    assert single_channel_dice(maps(predicted), truth, epsilon=0).item() == pytest.approx(without)


def test_sums_are_pooled_over_the_batch_and_not_averaged_by_image() -> None:
    truth = torch.zeros(2, 4, 4, dtype=torch.int64)
    truth[0] = 1
    found, missed = torch.ones(4, 4), torch.ones(4, 4)
    pooled = single_channel_dice(maps(found, missed), truth).item()
    assert pooled == pytest.approx(1 - (2 * 16 + 1) / (32 + 16 + 1))
    apart = [
        single_channel_dice(maps(m), t[None]).item()
        for m, t in zip((found, missed), truth, strict=True)
    ]
    assert pooled != pytest.approx(sum(apart) / 2)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_any_class_can_be_the_one_that_counts(channel: int) -> None:
    target = torch.randint(0, 3, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    probability = torch.nn.functional.one_hot(target, 3).permute(0, 3, 1, 2).float()
    assert single_channel_dice(probability, target, channel).item() == pytest.approx(0, abs=1e-6)
    shifted = probability.roll(1, dims=1)
    assert single_channel_dice(shifted, target, channel).item() > 0.9


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_maps_are_summed_in_single_precision(dtype: torch.dtype) -> None:
    truth = torch.ones(2, 256, 256, dtype=torch.int64)  # the sum is beyond float16's 65,504
    probability = maps(torch.ones(256, 256), torch.ones(256, 256)).to(dtype)
    loss = single_channel_dice(probability, truth)
    assert loss.dtype == torch.float32
    assert loss.item() == 0.0


def test_the_gradient_raises_what_is_missing_and_lowers_what_is_too_much() -> None:
    truth = torch.tensor([[[1, 0]]])
    probability = maps(torch.tensor([[0.5, 0.5]])).requires_grad_()
    single_channel_dice(probability, truth).backward()
    assert probability.grad is not None
    missing, extra = probability.grad[0, 1, 0]
    assert missing < 0 < extra
    assert not probability.grad[0, 0].any()  # the background's channel is left alone


@pytest.mark.parametrize(
    ("shape", "target"),
    [((1, 2, 4, 4), (2, 4, 4)), ((1, 2, 4, 4), (1, 4, 5)), ((2, 4, 4), (2, 4, 4))],
)
@pytest.mark.parametrize("loss", [single_channel_dice, cross_entropy])
def test_maps_and_masks_of_different_shape_are_refused(loss, shape, target) -> None:
    with pytest.raises(ShapeError, match="N, H and W must agree"):
        loss(torch.zeros(shape), torch.zeros(target, dtype=torch.int64))


def test_cross_entropy_is_the_mean_of_the_polyp_class_and_stays_finite() -> None:
    truth = torch.tensor([[[1, 0]]])
    value = cross_entropy(maps(torch.tensor([[0.8, 0.3]])), truth).item()
    assert value == pytest.approx(-(math.log(0.8) + math.log(0.7)) / 2, rel=1e-5)
    assert math.isfinite(cross_entropy(maps(torch.tensor([[0.0, 1.0]])), truth).item())


@pytest.mark.parametrize("loss", [single_channel_dice, cross_entropy])
def test_a_map_that_is_no_number_is_a_loss_that_is_no_number(loss) -> None:
    truth = torch.zeros(1, 4, 4, dtype=torch.int64)
    assert math.isnan(loss(maps(torch.full((4, 4), math.nan)), truth).item())
