"""All that the server gives away beside the stream, read when the program starts: no other file."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = "/"


@dataclass(frozen=True, slots=True)
class File:
    """Something to send whole.

    Attributes:
        content: its bytes.
        kind: for the Content-Type header.
    """

    content: bytes
    kind: str


def _read(name: str, kind: str) -> File:
    return File((HERE / name).read_bytes(), f"{kind}; charset=utf-8")


FILES = {
    PAGE: _read("page.html", "text/html"),
    "/page.css": _read("page.css", "text/css"),
    "/page.js": _read("page.js", "text/javascript"),
}
TOKEN_PAGE = _read("token.html", "text/html")

PUBLIC = ("/page.css",)
"""What the page that asks for the token needs."""
