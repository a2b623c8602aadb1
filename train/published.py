"""The paper's own figures, as printed, and what is wrong with them."""

from typing import NamedTuple


class Scores(NamedTuple):
    """One class's four columns of Table 2 or 3."""

    iou: float
    f1: float
    recall: float
    precision: float


class Row(NamedTuple):
    """One model's row of Table 2 or 3."""

    all: Scores
    polyp: Scores
    background: Scores


MODELS = {
    "unet": "U-Net",
    "unetplusplus": "U-Net++",
    "fpn": "FPN",
    "deeplabv3": "DeepLabv3",
    "deeplabv3plus": "DeepLabv3+",
    "triunet": "TriUNet",
    "divergentnets": "DivergentNets",
}
"""The seven models of Tables 2 and 3, in their order."""


def _row(*numbers: float) -> Row:
    return Row(Scores(*numbers[:4]), Scores(*numbers[4:8]), Scores(*numbers[8:]))


TABLE_2 = {
    "unet": _row(
        *(0.973, 0.985, 0.985, 0.985, 0.774, 0.802, 0.831, 0.926, 0.984, 0.991, 0.996, 0.988)
    ),
    "unetplusplus": _row(
        *(0.972, 0.984, 0.984, 0.984, 0.787, 0.815, 0.847, 0.918, 0.983, 0.991, 0.995, 0.989)
    ),
    "fpn": _row(
        *(0.973, 0.985, 0.985, 0.985, 0.778, 0.810, 0.853, 0.904, 0.984, 0.991, 0.995, 0.989)
    ),
    "deeplabv3": _row(
        *(0.971, 0.984, 0.984, 0.984, 0.764, 0.798, 0.842, 0.902, 0.983, 0.991, 0.994, 0.989)
    ),
    "deeplabv3plus": _row(
        *(0.973, 0.985, 0.985, 0.985, 0.777, 0.807, 0.840, 0.919, 0.984, 0.991, 0.994, 0.989)
    ),
    "triunet": _row(
        *(0.970, 0.983, 0.983, 0.983, 0.775, 0.802, 0.846, 0.903, 0.982, 0.990, 0.992, 0.989)
    ),
    "divergentnets": _row(
        *(0.976, 0.986, 0.986, 0.986, 0.795, 0.823, 0.844, 0.937, 0.986, 0.992, 0.997, 0.989)
    ),
}
"""Internal validation: EndoCV 2021 seq1–seq15 and seq6_neg–seq10_neg, 2,756 images."""

TABLE_3 = {
    "unet": _row(
        *(0.941, 0.967, 0.967, 0.967, 0.823, 0.883, 0.876, 0.938, 0.959, 0.977, 0.988, 0.970)
    ),
    "unetplusplus": _row(
        *(0.945, 0.969, 0.969, 0.969, 0.834, 0.894, 0.882, 0.942, 0.961, 0.979, 0.988, 0.972)
    ),
    "fpn": _row(
        *(0.944, 0.968, 0.968, 0.968, 0.824, 0.887, 0.870, 0.943, 0.961, 0.978, 0.990, 0.970)
    ),
    "deeplabv3": _row(
        *(0.942, 0.968, 0.968, 0.968, 0.821, 0.885, 0.874, 0.935, 0.959, 0.977, 0.988, 0.970)
    ),
    "deeplabv3plus": _row(
        *(0.942, 0.968, 0.968, 0.968, 0.823, 0.886, 0.883, 0.931, 0.823, 0.886, 0.883, 0.931)
    ),
    "triunet": _row(
        *(0.941, 0.967, 0.967, 0.967, 0.829, 0.890, 0.891, 0.928, 0.959, 0.977, 0.983, 0.975)
    ),
    "divergentnets": _row(
        *(0.949, 0.972, 0.972, 0.972, 0.840, 0.899, 0.886, 0.946, 0.964, 0.980, 0.990, 0.973)
    ),
}
"""Test: the 1,000 segmented images of HyperKvasir."""

TABLE_4 = (
    ("I", "unetplusplus", 0.917, 0.168),
    ("I", "triunet", 0.925, 0.152),
    ("II", "triunet", 0.796, 0.047),
    ("II", "divergentnets", 0.823, 0.043),
)
"""Round, model, score and standard deviation on the challenge's hidden test sets."""

SLIPS = (
    "Table 1: the training images with and without a polyp (1,329 and 435) add up to 1,764, not to "
    "the 1,754 printed.",
    "Table 3: the background columns of DeepLabv3+ repeat its polyp columns (marked † above).",
    "Figure 3: its caption lists DeepLabv3 twice; the second is DeepLabv3+.",
    "Section 5: the score of 0.823 is said to be of the official training data; by Table 4 it is "
    "of the official test.",
)

CONDITIONS = (
    "encoders SE-ResNeXt-50 32x4d that start from ImageNet weights",
    "trained on EndoCV 2021 C1–C5 and five negative sequences (1,764 images), 200 epochs",
    "Table 2 on EndoCV 2021 sequences (2,756 images), Table 3 on HyperKvasir (1,000 images)",
    "pictures stretched to 256x256 by nearest neighbour, values 0–255 (the authors' code)",
    "mean of the images' scores at 256x256, threshold 0.5",
    "Table 4 on the challenge's hidden test sets, which are not public",
)
"""What the paper's figures were made under."""
