"""A program that sends numbered pictures to its standard output, as a capture card's would.

python -m tests.stream.live.program [--raw] [--pictures N] [--burst] [--then STATUS|hang]
    [--stubborn]
"""

import argparse
import signal
import sys
import time
from fractions import Fraction
from itertools import count

import av
import numpy as np

from stream.loopback import barcode
from tests.stream.live.moving import moving_pictures

SIZE = (192, 144)
RATE = Fraction(25)


def main() -> None:
    """Send pictures at their pace, or all at once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--then", default="0")
    parser.add_argument("--stubborn", action="store_true")
    asked = parser.parse_args()
    if asked.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    form = "rawvideo" if asked.raw else "nut"
    with av.open("pipe:1", "w", format=form, options={"flush_packets": "1"}) as container:
        video = container.add_stream("rawvideo", rate=RATE)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = 1 / RATE
        (picture,) = moving_pictures(SIZE, 1)
        began = time.monotonic()
        for number in count() if asked.pictures is None else range(asked.pictures):
            luma = np.frombuffer(picture.planes[0], np.uint8)
            barcode.write(luma.reshape(SIZE[1], -1)[:, : SIZE[0]], number)
            picture.pts = number
            for packet in video.encode(picture):
                container.mux(packet)
            due = began if asked.burst else began + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
    print("many lines\nof talk\nthe card is gone", file=sys.stderr, flush=True)
    while asked.then == "hang":
        time.sleep(1)
    sys.exit(int(asked.then))


if __name__ == "__main__":
    main()
