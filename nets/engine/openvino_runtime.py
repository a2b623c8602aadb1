"""OpenVINO, imported so that it keeps to itself.

Left alone, its converter (and NNCF, which stands on it) tells its maker of every use over the
network and leaves an identity in the user's home. Without the package that does so both go on in
silence; so for this process there is none. Whoever needs OpenVINO imports it from here.
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402

__all__ = ["openvino"]
