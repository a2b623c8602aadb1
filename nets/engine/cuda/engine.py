"""The ensemble resident on a CUDA device: native planes in, maps out, nothing allocated between."""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Literal, ParamSpec, TypeVar

import numpy as np
import torch
from torch import nn

from nets.bundle import Bundle
from nets.certainty import settled
from nets.engine.cuda.accelerator import Accelerator
from nets.engine.cuda.intake import Intake, Kind, PlanesIntake, PreparedIntake, kind_of
from nets.engine.cuda.precision import NAMES, asked_precision, closest_precision, on_device
from nets.engine.cuda.rectifying import join_relu
from nets.engine.cuda.resident import RING, Resident, Which, out_of_memory
from nets.engine.eager import load_ensemble
from nets.engine.folds import fold
from nets.engine.protocol import Closing, Maps
from nets.ensemble import DivergentNets
from nets.errors import EngineError
from nets.picture import Picture, Rect
from nets.preprocessing import Prepared
from nets.trinet import TriNet

P = ParamSpec("P")
T = TypeVar("T")

BATCHES = {"latency": (1, 2, 4, 8), "throughput": (1, 4, 8, 16)}
"""Sizes recorded for each mode. One between them is answered by the next larger."""

MOST_KINDS = 8
"""Sizes and layouts of frames for which memory is kept: rooms, or an archive's recordings."""


class CudaEngine(Closing):
    """An ensemble whose weights, inputs and answers stay on a device; see `Engine`.

    One thread of its own sets it up and runs it, whoever asks: the libraries keep work space by
    thread, and what they allocated in setting up they find again. Where the device's memory does
    not suffice, batches become smaller or the host makes the inputs, with a warning.

    Args:
        bundle: the ensemble.
        accelerator: the device.
        mode: `latency` records small batches, `throughput` large ones.
        precision: `auto`, `f16`, `bf16` or `f32`.
        batches: sizes to record; the mode's own by default.
        notify: told before something that takes long, and of what is done without.

    Raises:
        EngineError: the device cannot run it.
    """

    def __init__(
        self,
        bundle: Bundle,
        accelerator: Accelerator,
        mode: Literal["latency", "throughput"] = "latency",
        precision: str = "auto",
        *,
        batches: Sequence[int] = (),
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = bundle.name
        self.card = bundle.card
        self.contracts = bundle.contracts
        self.grid = bundle.grid
        self.threshold, self.certainty = bundle.threshold, bundle.certainty
        self.members = tuple(member.name for member in bundle.members)
        self.device = str(accelerator.device)
        self._accelerator, self._notify = accelerator, notify
        self._intakes: OrderedDict[Kind, Intake] = OrderedDict()
        self._thread, self._closed = ThreadPoolExecutor(1, "engine"), False
        notify(f"preparing {bundle.name} for {accelerator.name}")
        try:
            self._on_thread(self._set_up, bundle, precision, batches or BATCHES[mode])
        except BaseException:
            self.close()
            raise
        self.batch = self._resident.sizes[-1]

    def prepare(self, picture: Picture, view: Rect) -> Prepared:
        """The planes themselves: the device makes the inputs."""
        return Prepared((), view, picture.whole, picture)

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """Fused probability; shape as the protocol says."""
        fused = self._on_thread(self._answer, pictures, "fused")
        return settled(fused, self.threshold, self.certainty)

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        """Each member's probability; shape as the protocol says."""
        return self._on_thread(self._answer, pictures, "members")

    def close(self) -> None:
        """Give the device's memory back."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._clear)
            self._thread.shutdown()

    def _set_up(self, bundle: Bundle, precision: str, batches: Sequence[int]) -> None:
        """Bring the ensemble to the device and record it."""
        asked = None if precision == "auto" else asked_precision(precision, self._accelerator)
        folded = load_ensemble(bundle)
        # Enlarging by transposed convolutions has not been measured with cuDNN.
        fold(folded, enlarging_from=None)
        half = folded if asked == torch.float32 else self._joined(folded)
        kind, found = (asked, "") if asked else self._closest(load_ensemble(bundle), half)
        ensemble = on_device(folded if kind == torch.float32 else half, kind, self._accelerator)
        for module in ensemble.modules():
            if isinstance(module, DivergentNets | TriNet):
                module.together = self._accelerator.side_by_side
        self.arithmetic = NAMES[kind]
        self.runs_on = f"{self._accelerator.name}, PyTorch {self.arithmetic}{found}"
        self._resizing = torch.float32 if kind == torch.float32 else torch.float16
        self._resident = Resident(ensemble, batches, self._accelerator, self._notify)
        self._prepared = PreparedIntake(self.contracts, self._accelerator)

    def _joined(self, folded: DivergentNets) -> DivergentNets:
        """The same with convolutions and their ReLUs as one step, where the device has one."""
        step = self._accelerator.convolve
        if step is None:
            return folded
        joined = copy(folded)
        joined._modules = dict(folded._modules)
        joined.members = nn.ModuleList(join_relu(member, step) for member in folded.members)
        return joined

    def _closest(self, exact: DivergentNets, folded: DivergentNets) -> tuple[torch.dtype, str]:
        """The precision to run in, and for people how far each is from single."""
        kind, differences = closest_precision(exact, folded, self._accelerator)
        found = ", ".join(f"{NAMES[it]} {by:.1g}" for it, by in differences.items())
        if kind == torch.float32:
            self._notify(
                f"warning: {self.name} needs single precision, which is slow: in half its answers "
                f"would be off ({found})"
            )
        return kind, f" (from f32 on average: {found})"

    def _answer(self, pictures: Sequence[Prepared], which: Which) -> Maps:
        """Batch by batch; the next one goes up while the last one is being answered."""
        answers: list[Maps] = []
        coming: deque[Callable[[], Maps]] = deque()
        for start in range(0, len(pictures), self.batch):
            group = pictures[start : start + self.batch]
            for place, picture in enumerate(group):
                self._put(picture, place)
            self._resident.run(len(group))
            coming.append(self._resident.fetch(len(group), which))
            if len(coming) == RING:
                answers.append(coming.popleft()())
        answers.extend(arrived() for arrived in coming)
        return np.concatenate(answers)

    def _put(self, frame: Prepared, place: int) -> None:
        """Make a frame's inputs and lay them into its place in the batch."""
        intake = self._prepared if frame.picture is None else self._intake_for(frame.picture)
        intake.take(frame)
        self._resident.views[place].copy_(intake.view)
        for batch, made in zip(self._resident.inputs, intake.inputs, strict=True):
            batch[place].copy_(made)

    def _intake_for(self, picture: Picture) -> Intake:
        """The intake for such frames, made now if there is none."""
        kind = kind_of(picture)
        if kind not in self._intakes:
            while len(self._intakes) >= MOST_KINDS:
                self._accelerator.mark().wait()
                self._intakes.popitem(last=False)
            self._intakes[kind] = self._new_intake(kind)
        self._intakes.move_to_end(kind)
        return self._intakes[kind]

    def _new_intake(self, kind: Kind) -> Intake:
        try:
            return PlanesIntake(kind, self.contracts, self._resizing, self._accelerator)
        except torch.OutOfMemoryError:
            height, width, layout = kind
            self._notify(
                f"warning: the memory of {self._accelerator.name} does not suffice for "
                f"{layout.name} frames of {width}x{height}: the processor makes their inputs"
            )
        self._accelerator.let_go()
        return self._prepared

    def _clear(self) -> None:
        with self._accelerator.at_work():
            self._accelerator.settle()
            self._intakes.clear()
            for held in ("_resident", "_prepared"):
                self.__dict__.pop(held, None)
            self._accelerator.let_go()

    def _on_thread(self, task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something on the engine's own thread and wait for it.

        Raises:
            EngineError: the device failed, or its memory does not suffice.
        """

        def run() -> T:
            with self._accelerator.at_work():
                return task(*args, **kwargs)

        try:
            return self._thread.submit(run).result()
        except torch.OutOfMemoryError as error:
            raise EngineError(out_of_memory(self._accelerator)) from error
        except torch.AcceleratorError as error:
            reason = str(error).splitlines()[0]
            raise EngineError(f"{self._accelerator.name} failed: {reason}") from error
