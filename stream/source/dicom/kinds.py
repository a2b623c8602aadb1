"""Which DICOM is read: kinds of objects, and ways to encode their pictures, by UID (PS3.6)."""

KINDS = {
    "1.2.840.10008.5.1.4.1.1.77.1.1.1": "Video Endoscopic Image",
    "1.2.840.10008.5.1.4.1.1.77.1.4.1": "Video Photographic Image",
    "1.2.840.10008.5.1.4.1.1.77.1.1": "VL Endoscopic Image",
    "1.2.840.10008.5.1.4.1.1.77.1.4": "VL Photographic Image",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image",
}
"""SOP classes that hold what an endoscope or a camera saw."""

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"

VIDEOS = frozenset(
    {f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109)}
    | {f"1.2.840.10008.1.2.4.{number}.1" for number in range(100, 107)}
)
"""MPEG-2, MPEG-4 AVC/H.264, HEVC, and the first two in fragments."""

CODECS = {
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70)), "mjpeg"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{number}" for number in (80, 81)), "jpegls"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{number}" for number in (90, 91)), "jpeg2000"),
}
"""What decodes pictures: of JPEG, JPEG-LS and JPEG 2000."""

IMPLICIT = "1.2.840.10008.1.2"
PLAIN = frozenset({IMPLICIT, "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"})
"""Samples as they are, and run lengths of them."""

DEFLATED = "1.2.840.10008.1.2.1.99"

MEANINGS = frozenset(
    {"MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}
)
"""What samples may mean (PS3.3, C.7.6.3.1.2): no palettes, no negatives."""
