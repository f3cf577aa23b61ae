"""KITTI's depth prediction server: 500 images without public truth.

Images: depth_selection/test_depth_prediction_anonymous/image/%010d.png of https://www.cvlibs.net/datasets/kitti/eval_depth.php. The
archive holds 0000000000.png ... 0000000499.png at its root, uint16, 352x1216, 256 x metres. Values are rounded and clamped to 1 ... 65535,
because 0 says that nothing is predicted, which the server does not take; they are not capped at 80 m. (monodepth2 writes the same files
with values cut off instead of rounded and capped at 80 m; a step is 4 mm.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.depth_maps import READERS, fitted
from simlearn.benchmarks.depth_protocols import WINDOW_HEIGHT, WINDOW_WIDTH, inverted
from simlearn.benchmarks.predictions import Unusable
from simlearn.formats.image import encode_png
from simlearn.formats.kitti import DEPTH_STEPS_PER_M, TOP
from simlearn.submission import Submission

IMAGES = 500


def encode(prediction: Any, scale: float) -> bytes:
    """The file of a depth or disparity map; another size is resized as disparity.

    `scale`: metres are scale x depth, or scale / disparity.
    """
    values, disparity = fitted(prediction, [(WINDOW_HEIGHT, WINDOW_WIDTH)], "disparity")
    if not np.isfinite(values).all():
        raise Unusable(f"has {int((~np.isfinite(values)).sum())} pixels without a prediction")
    try:
        metres = scale * (inverted(values.astype(np.float64)) if disparity else values.astype(np.float64))
    except UserError as error:
        raise Unusable(str(error)) from error
    if metres.min() <= 0:
        raise Unusable(f"has {int((metres <= 0).sum())} depths that are not positive")
    return encode_png(np.clip(np.rint(metres * DEPTH_STEPS_PER_M), 1, TOP).astype(np.uint16))


SUBMISSION = Submission(
    title="KITTI depth prediction: 500 maps of metres, uint16, 352x1216, at the root of the archive.",
    entries={f"{number:010d}.png": f"{number:010d}" for number in range(IMAGES)},
    readers=READERS,
    encode=encode,
)
