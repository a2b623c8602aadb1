"""All that a file of the authors' kind may name; whatever is not on this list is refused.

The names are those of PyTorch 1.7 and 1.8, torchvision, pretrainedmodels and
segmentation_models_pytorch 0.1, as the files that these wrote hold them. A name is a label here:
nothing is imported by it.
"""

from nets.spec import Architecture

ARCHITECTURES: dict[str, Architecture] = {
    "segmentation_models_pytorch.unet.model.Unet": "unet",
    "segmentation_models_pytorch.unetplusplus.model.UnetPlusPlus": "unetplusplus",
    "segmentation_models_pytorch.fpn.model.FPN": "fpn",
    "segmentation_models_pytorch.deeplabv3.model.DeepLabV3": "deeplabv3",
    "segmentation_models_pytorch.deeplabv3.model.DeepLabV3Plus": "deeplabv3plus",
}
"""Networks, and what this program calls them."""

TRIANGLES = frozenset(
    f"{module}.{name}"
    for module in ("my_models.triple_models", "new_models.tri_unet", "__main__")
    for name in ("TripleUnet", "TriUnet")
)
"""The authors' TriUNet: it has moved and changed its name, and a script may have held it itself."""

ENCODERS = {
    "segmentation_models_pytorch.encoders.senet.SENetEncoder": (
        "se_resnext50_32x4d",
        "se_resnext101_32x4d",
        "se_resnet50",
        "se_resnet101",
        "se_resnet152",
        "senet154",
    ),
    "segmentation_models_pytorch.encoders.resnet.ResNetEncoder": (
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "resnext50_32x4d",
        "resnext101_32x8d",
    ),
    "segmentation_models_pytorch.encoders.mobilenet.MobileNetV2Encoder": ("mobilenet_v2",),
}
"""Encoders' classes, and the library's names of what they can be."""

PARTS = frozenset(
    f"{module}.{name}"
    for module, names in {
        "segmentation_models_pytorch.base.heads": ("SegmentationHead",),
        "segmentation_models_pytorch.base.modules": ("Activation", "Attention", "Conv2dReLU"),
        "segmentation_models_pytorch.unet.decoder": ("DecoderBlock", "UnetDecoder"),
        "segmentation_models_pytorch.unetplusplus.decoder": (
            "DecoderBlock",
            "UnetPlusPlusDecoder",
        ),
        "segmentation_models_pytorch.fpn.decoder": (
            "Conv3x3GNReLU",
            "FPNBlock",
            "FPNDecoder",
            "MergeBlock",
            "SegmentationBlock",
        ),
        "segmentation_models_pytorch.deeplabv3.decoder": (
            "ASPP",
            "ASPPConv",
            "ASPPPooling",
            "ASPPSeparableConv",
            "DeepLabV3Decoder",
            "DeepLabV3PlusDecoder",
            "SeparableConv2d",
        ),
        "pretrainedmodels.models.senet": (
            "SEBottleneck",
            "SEModule",
            "SEResNeXtBottleneck",
            "SEResNetBottleneck",
        ),
        "torchvision.models.resnet": ("BasicBlock", "Bottleneck"),
        "torchvision.models.mobilenetv2": ("ConvBNActivation", "InvertedResidual"),
        "torch.nn.modules.activation": ("ReLU", "ReLU6", "Sigmoid", "Softmax"),
        "torch.nn.modules.batchnorm": ("BatchNorm2d",),
        "torch.nn.modules.container": ("ModuleDict", "ModuleList", "Sequential"),
        "torch.nn.modules.conv": ("Conv2d",),
        "torch.nn.modules.dropout": ("Dropout", "Dropout2d"),
        "torch.nn.modules.linear": ("Identity",),
        "torch.nn.modules.normalization": ("GroupNorm",),
        "torch.nn.modules.pooling": ("AdaptiveAvgPool2d", "MaxPool2d"),
        "torch.nn.modules.upsampling": ("UpsamplingBilinear2d",),
    }.items()
    for name in names
)
"""What those are made of."""

MODULES = PARTS | TRIANGLES | ARCHITECTURES.keys() | ENCODERS.keys()

STORAGES = {"torch.FloatStorage": "float32", "torch.LongStorage": "int64"}
"""Kinds of numbers; the second counts batch norm's batches."""

ORDERED_DICT = "collections.OrderedDict"
SET = "__builtin__.set"
TENSOR = "torch._utils._rebuild_tensor_v2"
PARAMETER = "torch._utils._rebuild_parameter"

ALLOWED = MODULES | STORAGES.keys() | {ORDERED_DICT, SET, TENSOR, PARAMETER}
