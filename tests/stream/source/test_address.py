"""Addresses in messages."""

import pytest

from stream.source.address import redacted


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://anna:s3cret@10.0.0.7:554/room", "rtsp://***@10.0.0.7:554/room"),
        ("rtsp://anna:p@ss@10.0.0.7/room", "rtsp://***@10.0.0.7/room"),
        ("https://host/a.mp4?access_token=abc&x=1", "https://host/a.mp4?access_token=***&x=1"),
        ("https://host/a.mp4?sig=abc", "https://host/a.mp4?sig=***"),
        ("rtsp://anna:a/b?c@10.0.0.7/room", "rtsp://***@10.0.0.7/room"),
        ("/data/a@b/case.mp4", "/data/a@b/case.mp4"),
        ("udp://239.0.0.1:1234", "udp://239.0.0.1:1234"),
    ],
)
def test_no_secret_of_an_address_is_shown(address, shown):
    assert redacted(address) == shown
