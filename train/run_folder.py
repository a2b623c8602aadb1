"""A run's folder: what is trained here, how far it is, and the best of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from nets.checkpoint import Header, save_checkpoint
from nets.files import write_whole
from nets.spec import MEMBER_SPEC, MemberSpec
from train.errors import TrainingError
from train.learner import Learner
from train.manifest import Sample
from train.reports import EpochReport
from train.run_state import read_state, write_state
from train.settings import RECIPE, Recipe

SETTINGS = "settings.json"
HISTORY = "history.json"
LAST = "last.safetensors"
BEST = "best.safetensors"


class RunFolder:
    """The files of one training; each of them is whole at any time.

    `last.safetensors` is all that is needed to go on as if nothing had happened,
    `best.safetensors` a checkpoint that every command accepts, and `epoch-N.safetensors` the
    other good ones, where more than one is kept.

    Args:
        path: the folder, made if missing.
        spec: what is trained.
        recipe: how.
        contents: digests of what it learns from and is judged by, by what each is for.
        keep: how many of the best epochs are kept.
        writes: False follows a run that another process writes.

    Raises:
        TrainingError: the folder belongs to another training, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        spec: MemberSpec,
        recipe: Recipe,
        contents: Mapping[str, str],
        keep: int = 1,
        *,
        writes: bool = True,
    ) -> None:
        self.path = path
        self.recipe = recipe
        self.keep = keep
        self.writes = writes
        self.history: list[dict[str, Any]] = []
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{path}: cannot be made ({error.strerror})") from error
        samples = dict(contents)
        self._claim({"member": spec.as_dict(), "recipe": recipe.as_dict(), "samples": samples})
        if (path / LAST).exists():
            self.history = self._read_history()

    @property
    def best(self) -> Path:
        """The best checkpoint's path."""
        return self.path / BEST

    @property
    def best_iou(self) -> float:
        """The best validation IoU so far, -1 before the first epoch."""
        return max((row["iou"] for row in self.history), default=-1.0)

    @property
    def is_done(self) -> bool:
        """Whether all epochs are trained, or enough of them brought nothing better."""
        best = max((row["epoch"] for row in self.history if row["best"]), default=0)
        stale = len(self.history) - best
        return len(self.history) >= self.recipe.epochs or (0 < self.recipe.patience <= stale)

    def resume(self, learner: Learner) -> None:
        """Bring a learner to where this training stopped, if it was begun.

        Raises:
            TrainingError: the state is damaged.
        """
        if not (self.path / LAST).exists():
            self.history = []
            return
        state = read_state(self.path / LAST)
        try:
            learner.restore(state["learner"])
            self.history = state["history"]
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise TrainingError(
                f"{self.path / LAST}: holds another training's state: name a new folder"
            ) from error
        self._write(HISTORY, json.dumps(self.history, indent=1))  # a kill may have left it behind

    def finish_epoch(self, report: EpochReport, learner: Learner, header: Header) -> None:
        """Keep an epoch's checkpoint if it is good, and all that is needed to go on from here.

        Args:
            report: of the epoch.
            learner: after it.
            header: of the checkpoint.

        Raises:
            TrainingError: it cannot be written; what was written before is as it was.
            CheckpointError: the same of a checkpoint.
        """
        self.history.append(report.as_dict())
        if not self.writes:
            return
        # Best first: killed between the two, the epoch is trained again to the same weights.
        self._keep_if_good(report, learner.kept, header)
        write_state(self.path / LAST, {"learner": learner.state(), "history": self.history})
        self._write(HISTORY, json.dumps(self.history, indent=1))

    def _keep_if_good(self, report: EpochReport, module: nn.Module, header: Header) -> None:
        if report.best:
            save_checkpoint(self.best, module, header)
        if self.keep < 2:
            return
        rows = sorted(self.history, key=lambda row: (-row["iou"], row["epoch"]))
        for place, row in enumerate(rows):
            path = self.path / f"epoch-{row['epoch']}.safetensors"
            if place >= self.keep:
                path.unlink(missing_ok=True)
            elif row["epoch"] == report.epoch:
                save_checkpoint(path, module, header)

    def _claim(self, settings: dict[str, Any]) -> None:
        """Note what is trained here, and refuse a folder in which something else was."""
        note = self.path / SETTINGS
        if not (note.exists() and (self.path / LAST).exists()):
            self._write(SETTINGS, json.dumps(settings, indent=1))
            return
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            # Read again, so that settings which came later stand in it with their defaults.
            begun = {
                "member": MEMBER_SPEC.validate_python(found["member"]).as_dict(),
                "recipe": RECIPE.validate_python(found["recipe"]).as_dict(),
                "samples": dict(found["samples"]),
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{note}: is damaged: name a new folder") from error
        if differing := _differences(begun, settings):
            raise TrainingError(
                f"{self.path}: another training was begun here ({'; '.join(differing)}): give it "
                "its own settings to go on, or name a new folder"
            )

    def _read_history(self) -> list[dict[str, Any]]:
        try:
            history = json.loads((self.path / HISTORY).read_text(encoding="utf-8"))
            return history if isinstance(history, list) else []
        except (OSError, ValueError):
            return []  # the state has it too

    def _write(self, name: str, text: str) -> None:
        if not self.writes:
            return
        try:
            write_whole(self.path / name, text.encode())
        except OSError as error:
            raise TrainingError(
                f"{self.path / name}: cannot be written ({error.strerror}): make room or name "
                "another folder"
            ) from error


def digest_of(samples: Sequence[Sample]) -> str:
    """Tell one list of pictures from another, by their content and order."""
    return hashlib.sha256("".join(sample.sha256 for sample in samples).encode()).hexdigest()


def _differences(begun: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Name what differs between two runs' settings; what is short is told in full."""
    lines = []
    for part, values in wanted.items():
        for key in dict.fromkeys((*values, *begun[part])):
            before, value = begun[part].get(key), values.get(key)
            if before != value:
                told = f"was {before}, is {value}" if part == "recipe" else "is another"
                lines.append(f"{part}.{key} {told}")
    return lines
