"""`synthetic:`, a colonoscopy rendered by this project, with the truth beside it.

A scene (`scene.py`: the tube of `tube.py` with its wall, mucosa and polyps, seen by `camera.py`)
is shown on a processor's panel; `procedure.py` moves the camera, `source.py` makes it frames.
"""

from stream.source.synthetic.procedure import Rendered, SyntheticScene
from stream.source.synthetic.source import SyntheticSource, open_synthetic

__all__ = ["Rendered", "SyntheticScene", "SyntheticSource", "open_synthetic"]
