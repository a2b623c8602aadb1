"""Who publishes, as an address tells it."""

import base64
from urllib.parse import unquote, urlsplit, urlunsplit


def parted(url: str) -> tuple[str, str | None]:
    """An address without its credentials, and the Authorization header that they make.

    >>> parted("https://abc@media.local/room1/whip")
    ('https://media.local/room1/whip', 'Bearer abc')
    >>> parted("https://anna:open@media.local/room1/whip")
    ('https://media.local/room1/whip', 'Basic YW5uYTpvcGVu')
    >>> parted("https://media.local/room1/whip")
    ('https://media.local/room1/whip', None)
    """
    parts = urlsplit(url)
    credentials, at, place = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=place))
    if not at:
        return bare, None
    user, colon, password = credentials.partition(":")
    if not colon:
        return bare, f"Bearer {unquote(user)}"
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return bare, f"Basic {base64.b64encode(pair).decode()}"
