"""Hardware encoders: taken only where one really encodes such frames on this machine."""

from fractions import Fraction

import av
import av.codec
from av.video.codeccontext import VideoCodecContext

from stream.frame import Frame
from stream.sink.encoder import Encoder, keyframes, quality
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.fitting import Fitting
from stream.tally import Tally

KINDS = ("nvenc", "qsv")
"""Suffixes of FFmpeg's hardware encoders that take frames from ordinary memory."""

WITHOUT_DELAY = {
    "nvenc": {"bf": "0", "delay": "0", "rc-lookahead": "0", "zerolatency": "1"},
    "qsv": {"bf": "0", "async_depth": "1", "look_ahead": "0"},
}
"""What keeps frames from waiting in the encoder, where a killed recording would lose them."""


def hardware_encoder(settings: EncoderSettings, rate: Fraction, frame: Frame) -> Encoder | None:
    """The first hardware encoder that encodes a frame, or None.

    Args:
        settings: what the user wants; a preset is for software alone.
        rate: average frames per second.
        frame: one as all the others will be.
    """
    for kind in KINDS:
        name = f"{settings.codec}_{kind}"
        if name not in av.codec.codecs_available:
            continue
        options = dict(WITHOUT_DELAY[kind])
        crf = quality(settings).get("crf")
        if crf is not None:
            options |= {"rc": "vbr", "cq": crf} if kind == "nvenc" else {"global_quality": crf}
        encoder = Encoder(name, options, keyframes(rate), settings.bitrate)
        if works(encoder, rate, frame):
            return encoder
    return None


def works(encoder: Encoder, rate: Fraction, frame: Frame) -> bool:
    """Whether an encoder turns a frame into a packet.

    Its driver may be missing, its sessions taken, or the size, the layout or the codec beyond
    it: each of these shows only when it is tried.
    """
    fitting = Fitting(encoder.name, frame, Tally())
    context = av.CodecContext.create(encoder.name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = fitting.width, fitting.height, fitting.format
    context.time_base, context.framerate = 1 / rate, rate
    context.options = dict(encoder.options)
    native = av.VideoFrame(fitting.width, fitting.height, fitting.format)
    try:
        return bool([*context.encode(native), *context.encode(None)])
    except (av.FFmpegError, ValueError):
        return False
