"""A training's curves for TensorBoard."""

from pathlib import Path
from types import TracebackType

from train.errors import TrainingError
from train.reports import EpochReport

FOLDER = "tensorboard"


class Curves:
    """Writes what each epoch came to; a context manager.

    Args:
        folder: of the run.
        epochs_done: those that a resumed run has behind it; what an earlier start wrote of later
            ones is no longer shown.
    """

    def __init__(self, folder: Path, epochs_done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder / FOLDER
        try:
            self._writer = SummaryWriter(str(self._folder), purge_step=epochs_done + 1)
        except OSError as error:
            raise self._failed(error) from error

    def add(self, report: EpochReport) -> None:
        """Write an epoch.

        Raises:
            TrainingError: it cannot be written.
        """
        values = {
            "training/loss": report.loss,
            "training/learning_rate": report.learning_rate,
            "training/images_per_s": report.images_per_s,
            "training/waited_for_samples": report.waited,
            "validation/iou": report.iou,
            "validation/dice": report.dice,
        }
        try:
            for name, value in values.items():
                self._writer.add_scalar(name, value, report.epoch)
            self._writer.flush()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> "Curves":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def _failed(self, error: OSError) -> TrainingError:
        return TrainingError(f"{self._folder}: cannot be written ({error.strerror}): make room")
