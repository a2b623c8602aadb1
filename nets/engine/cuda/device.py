"""The accelerator that is a CUDA device: graphs, streams, events and pinned memory of PyTorch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from nets.engine.cuda.accelerator import Mark, Work
from nets.engine.cuda.rectifying import Convolve, convolve
from nets.errors import EngineError

WARM_UPS = 3
"""Runs before a recording: cuDNN times its algorithms and libraries take their work space in the
first, and what they allocate by then is not allocated inside the recording."""

TRIAL_CHANNELS, TRIAL_GROUPS, TRIAL_SIDE = 128, 32, 16
TRIAL_ROUNDING = 1e-2
"""Of values around 1 in half precision, rounded once instead of twice."""


class Cuda:
    """One CUDA device; see `nets.engine.cuda.accelerator.Accelerator`.

    Args:
        device: `cuda` or `cuda:N`.
        graphs: record work as CUDA graphs; without, it is launched piece by piece each time.
        side_by_side: give independent work streams of its own.
        channels_last: how networks' tensors lie in memory.
        compiled: have PyTorch compile the networks, which takes minutes.
        joined: do a convolution, its bias and its ReLU in one step.
        timed: time cuDNN's algorithms for each convolution, which takes seconds a recording.

    Raises:
        EngineError: there is no such device.
    """

    def __init__(
        self,
        device: str = "cuda",
        *,
        graphs: bool = True,
        side_by_side: bool = True,
        channels_last: bool = True,
        compiled: bool = False,
        joined: bool = True,
        timed: bool = True,
    ) -> None:
        if not torch.cuda.is_available():
            raise EngineError(f"{device}: there is no CUDA device here: use --device cpu")
        try:
            named = torch.device(device)
            self.device = torch.device("cuda", named.index or 0)
            self.name = torch.cuda.get_device_name(self.device)
            self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            self._pool = torch.cuda.graph_pool_handle()
            emulates_bf16 = torch.cuda.get_device_capability(self.device) < (8, 0)
        except (RuntimeError, AssertionError) as error:
            raise EngineError(f"{device}: {str(error).splitlines()[0]}") from error
        both = torch.float16, torch.bfloat16
        self.halves: tuple[torch.dtype, ...] = both[:1] if emulates_bf16 else both
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self._graphs, self._several, self._compiled = graphs, side_by_side, compiled
        self._timed = timed
        self._idle: list[torch.cuda.Stream] = []
        # The compiler joins what it can by itself.
        able = joined and channels_last and not compiled and _joins(self.device)
        self.convolve: Convolve | None = _convolve_relu if able else None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """On the engine's own stream, in true single precision where single is asked for."""
        with torch.inference_mode(), torch.cuda.stream(self._stream), _cudnn(benchmark=False):
            yield

    def prepared(self, network: nn.Module) -> nn.Module:
        """The network itself, compiled if that was asked for."""
        if not self._compiled:
            return network
        compiled: Any = torch.compile(network, dynamic=False)
        module: nn.Module = compiled
        return module

    def pinned(self, size: int) -> Tensor:
        """Page-locked memory."""
        return torch.zeros(size, dtype=torch.uint8, pin_memory=True)

    def record(self, work: Work) -> Work:
        """A CUDA graph of the work; its intermediate results share one pool with all others'.

        That is safe because one stream replays them all in turn, and because what they leave
        behind lies in memory from outside the pool.
        """
        with _cudnn(benchmark=self._timed):
            for _ in range(WARM_UPS):
                work()
            return self._captured(work) if self._graphs else work

    def _captured(self, work: Work) -> Work:
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile: a decoder does.
        capture = torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        )
        try:
            with capture:
                work()
        except RuntimeError as error:
            # Leaving a capture that failed fails again, and hides why.
            if isinstance(error.__context__, torch.OutOfMemoryError):
                raise error.__context__ from None
            raise
        return graph.replay

    def side_by_side(self, pieces: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
        """Each piece on a stream of its own, the first on the current one; may be nested.

        The current stream is told to wait for all of them, and the allocator that the results
        are read there: or another piece could get their memory before they have been.
        """
        if not self._several or len(pieces) == 1:
            return [piece() for piece in pieces]
        current = torch.cuda.current_stream(self.device)
        streams = [self._taken() for _ in pieces[1:]]
        for stream in streams:
            stream.wait_stream(current)
        results: list[Tensor] = []
        try:
            for stream, piece in zip(streams, pieces[1:], strict=True):
                with torch.cuda.stream(stream):
                    results.append(piece())
            results.insert(0, pieces[0]())
        finally:
            for stream in streams:
                current.wait_stream(stream)
            self._idle.extend(reversed(streams))  # each piece finds its memory again next time
        for result in results:
            result.record_stream(current)
        return results

    def mark(self) -> Mark:
        """An event."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.device))
        return _Event(event)

    def settle(self) -> None:
        """Wait for all streams, a hardware decoder's own among them."""
        torch.cuda.synchronize(self.device)

    def let_go(self) -> None:
        """Empty the allocator's cache."""
        torch.cuda.empty_cache()

    def _taken(self) -> torch.cuda.Stream:
        if self._idle:
            return self._idle.pop()
        return torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]


def _convolve_relu(image: Tensor, convolution: nn.Conv2d) -> Tensor:
    """By cuDNN, in one pass over the result."""
    assert not isinstance(convolution.padding, str)
    return torch.cudnn_convolution_relu(
        image,
        convolution.weight,
        convolution.bias,
        convolution.stride,
        convolution.padding,
        convolution.dilation,
        convolution.groups,
    )


def _joins(device: torch.device) -> bool:
    """Whether cuDNN does that here, and right: tried on a plain and on a grouped convolution."""
    dice = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for groups in (1, TRIAL_GROUPS):
            layer = nn.Conv2d(TRIAL_CHANNELS, TRIAL_CHANNELS, 3, padding=1, groups=groups)
            place: Callable[..., nn.Conv2d] = layer.to
            layer = place(device, torch.float16, memory_format=torch.channels_last)
            image = torch.randn(2, TRIAL_CHANNELS, TRIAL_SIDE, TRIAL_SIDE, generator=dice)
            put: Callable[..., Tensor] = image.to
            image = put(device, torch.float16, memory_format=torch.channels_last)
            try:
                ours = _convolve_relu(image, layer)
            except RuntimeError:
                return False
            if not torch.allclose(ours, convolve(image, layer), atol=TRIAL_ROUNDING):
                return False
    return True


class _Event:
    """A mark that is a CUDA event."""

    def __init__(self, event: torch.cuda.Event) -> None:
        self._event = event

    def wait(self) -> None:
        """Spin until it has been reached: sleeping would add to every answer's time."""
        self._event.synchronize()


def _cudnn(*, benchmark: bool) -> Any:
    """True single precision where single is asked for; each convolution's algorithms timed."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=benchmark, allow_tf32=False)
