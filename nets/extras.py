"""Libraries that are not there for everyone: each belongs to an extra, asked for by name."""

from importlib.util import find_spec

from nets.errors import MissingExtraError


def require(module: str, extra: str, purpose: str) -> None:
    """Refuse at once what needs a library that is not installed; nothing is imported.

    Args:
        module: its name as Python imports it.
        extra: of this project, that brings it.
        purpose: what needs it, in words that begin a sentence.

    Raises:
        MissingExtraError: it is not installed.
    """
    if find_spec(module) is None:
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed: "
            f"pip install 'divergentnets[{extra}]'"
        )
