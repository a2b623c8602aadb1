"""What a training starts from."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nets.architectures import build
from nets.checkpoint import Header, save_checkpoint
from nets.errors import EncoderWeightsError
from nets.spec import MemberSpec, NetworkSpec
from train.errors import TrainingError
from train.start import start_module


@pytest.fixture
def saved(tmp_path: Path):
    def save(name: str, spec, seed: int = 0) -> Path:
        torch.manual_seed(seed)
        path = tmp_path / f"{name}.safetensors"
        save_checkpoint(path, build(spec), Header(spec))
        return path

    return save


def weights(module: torch.nn.Module) -> list[torch.Tensor]:
    return list(module.state_dict().values())


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    return all(map(torch.equal, weights(first), weights(second)))


def test_a_checkpoint_of_the_same_network_is_gone_on_from(saved, tiny_member) -> None:
    path = saved("unet", tiny_member(size=64), seed=3)
    module = start_module(tiny_member(size=96), init=path)  # another size is another contract
    torch.manual_seed(3)
    assert same(module, build(tiny_member()))


def test_a_checkpoint_of_another_network_is_refused(saved, tiny_member) -> None:
    path = saved("fpn", tiny_member("fpn"))
    with pytest.raises(TrainingError, match="another network"):
        start_module(tiny_member(), init=path)


def test_one_encoder_starts_every_network_of_a_triangle(saved, tiny_member) -> None:
    path = saved("fpn", tiny_member("unet"), seed=3)
    module = start_module(tiny_member("triunet"), encoders=[path])
    torch.manual_seed(3)
    encoder = build(tiny_member()).encoder
    assert same(module.left.encoder, encoder)
    assert same(module.right.encoder, encoder)
    # The third sees four maps and not three colours: its first convolution stays its own.
    differing = [
        key
        for key, value in module.top.encoder.state_dict().items()
        if value.shape != encoder.state_dict()[key].shape
    ]
    assert len(differing) == 1
    rest = set(encoder.state_dict()) - set(differing)
    assert all(
        torch.equal(module.top.encoder.state_dict()[key], encoder.state_dict()[key]) for key in rest
    )


def test_each_network_of_a_triangle_can_have_its_own_encoder(saved, tiny_member) -> None:
    paths = [saved(str(seed), tiny_member(), seed) for seed in (1, 2, 3)]
    module = start_module(tiny_member("triunet"), encoders=paths)
    for seed, node in ((1, module.left), (2, module.right)):
        torch.manual_seed(seed)
        assert same(node.encoder, build(tiny_member()).encoder)


def test_encoders_that_do_not_go_with_the_member_are_refused(saved, tiny_member) -> None:
    path, deeper = saved("a", tiny_member()), saved("b", tiny_member("fpn"))
    triangle = saved("c", tiny_member("triunet"))
    with pytest.raises(TrainingError, match="2 encoders for 3 networks"):
        start_module(tiny_member("triunet"), encoders=[path, path])
    with pytest.raises(EncoderWeightsError, match="not weights of this encoder"):
        start_module(tiny_member("fpn"), encoders=[path])
    with pytest.raises(TrainingError, match="no one encoder"):
        start_module(tiny_member(), encoders=[triangle])
    with pytest.raises(TrainingError, match="not from both"):
        start_module(tiny_member(), init=path, encoders=[deeper])


@pytest.fixture
def silent_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A hub that takes every call and hangs up; counts the calls."""
    constants = pytest.importorskip("huggingface_hub.constants")
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return
                calls.append(1)

        threading.Thread(target=hang_up, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        yield calls
        server.shutdown(socket.SHUT_RDWR)


def test_encoder_weights_out_of_reach_are_one_line_after_one_call(silent_hub: list[int]) -> None:
    spec = MemberSpec(NetworkSpec("fpn", "se_resnext50_32x4d", "imagenet"))
    with pytest.raises(EncoderWeightsError, match="cannot be downloaded: give a local file") as e:
        start_module(spec)
    assert "\n" not in str(e.value)
    assert len(silent_hub) == 1  # its client would try for half a minute
