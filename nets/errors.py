"""Everything this project raises for a user to mend: one clear line, no traceback."""


class DivergentError(Exception):
    """Base of the errors whose message is one line saying what, where and what to do."""


class ShapeError(DivergentError):
    """Arrays or tensors that must agree in shape do not."""


class CheckpointError(DivergentError):
    """A checkpoint cannot be read, or its spec and its tensors disagree."""


class ReleaseError(DivergentError):
    """A published pickle is damaged, or holds what no file of its kind needs."""


class BundleError(DivergentError):
    """An ensemble on disk is incomplete, or its members cannot be fused."""


class EncoderWeightsError(DivergentError):
    """Encoder weights that a member's spec asks for cannot be had."""


class EngineError(DivergentError):
    """No engine can run these weights on this device."""


class MissingExtraError(DivergentError):
    """A library is asked for that belongs to an extra which is not installed."""
