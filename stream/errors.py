"""What can go wrong on a frame's journey, all of it for a user to read."""

from nets.errors import DivergentError


class SourceError(DivergentError):
    """A recording, device or stream cannot be opened or holds no usable video."""


class UnusableSourceError(SourceError):
    """A live source that no second try can open: someone has to mend something."""


class BrokenOffError(SourceError):
    """A recording broke off in the middle; everything before it was delivered."""


class SinkError(DivergentError):
    """An output cannot be written."""


class OutputExistsError(SinkError):
    """An output stands already and `-y` was not given."""


class SharedMemoryError(DivergentError):
    """Frames cannot be handed between processes: there is too little memory to share."""


class ClusterError(DivergentError):
    """No cluster answers, or a machine of it cannot do its part."""


class DisplayError(DivergentError):
    """There can be no window."""


class SettingsError(DivergentError):
    """Options or a configuration file that make no sense, all named at once."""
