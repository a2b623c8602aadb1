"""What can go wrong on a sample's journey, all of it for a user to read."""

from nets.errors import DivergentError


class ManifestError(DivergentError):
    """Images and masks that do not pair up, or a manifest that cannot be read."""


class SettingsError(DivergentError):
    """A training configuration that makes no sense, all of it named at once."""


class TrainingError(DivergentError):
    """A training cannot go on; the last good checkpoint is kept."""
