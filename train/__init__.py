"""A sample's journey: manifest, dataset, augmentation, member, loss, checkpoint."""

import os

# A damaged picture may claim any size. OpenCV reads this when it is loaded, and would else try to
# find room for a thousand megapixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))
