"""A file that can tell whether it is as it was written: it carries the digest of all its bytes.

The digest is taken with its own 64 digits as zeros, so it covers everything else: tensors, the
names they have, the spec and what the networks are to be shown. One changed bit anywhere would
otherwise be another mask, without a word.
"""

import hashlib
from pathlib import Path

BLANK = "0" * 64
"""Stands for the digest while it is taken."""


def sealed(content: bytes) -> bytes:
    """The content of a file with its digest in place of the first `BLANK` in it."""
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(BLANK.encode(), digest.encode(), 1)


def is_whole(path: Path, seal: str, within: int) -> bool:
    """Whether a file has not changed since it was sealed.

    Args:
        path: the file; all of it is read.
        seal: the digest that it carries.
        within: the digest stands somewhere in the first so many bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(within).replace(seal.encode(), BLANK.encode(), 1))
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest() == seal


def digest_of(*paths: Path) -> str:
    """Digest of some files, one after the other.

    Raises:
        OSError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
