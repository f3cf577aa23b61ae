"""Data sets, rendered and real, as plain indexable readers of numpy arrays.

Owns: finding a data set under `$SIMLEARN_DATA`, its official file layout, and saying what is found and what is missing.
Does not own: what is measured on it (`simlearn.benchmarks`) or learnt from it (`training`).

Every module named here has `found(root: Path | None) -> Finding` (see `simlearn.datasets.root`) beside its reader class; a
sample is a dict whose keys are those of the label table where the meaning is the same (`rgb`, `depth`, `valid`, ...).
"""

from scenes.registry import Registry

DATASETS = Registry(
    "data set",
    {
        "synthetic": "simlearn.datasets.synthetic",
        "tiny_imagenet": "simlearn.datasets.tiny_imagenet",
        "stl10": "simlearn.datasets.stl10",
        "svhn": "simlearn.datasets.svhn",
        "places205": "simlearn.datasets.places",
        "places365": "simlearn.datasets.places365",
        "caltech101": "simlearn.datasets.caltech101",
        "yfcc100m": "simlearn.datasets.yfcc100m",
        "voc2007": "simlearn.datasets.voc2007",
        "voc2012": "simlearn.datasets.voc2012",
        "scenenet_rgbd": "simlearn.datasets.scenenet_rgbd",
        "suncg": "simlearn.datasets.suncg",
        "camvid": "simlearn.datasets.camvid",
        "kitti": "simlearn.datasets.kitti",
        "kitti_semantics": "simlearn.datasets.kitti_semantics",
        "kitti_raw": "simlearn.datasets.kitti_raw",
        "kitti_depth_annotated": "simlearn.datasets.kitti_depth_annotated",
        "kitti_flow": "simlearn.datasets.kitti_flow",
        "middlebury": "simlearn.datasets.middlebury",
        "sintel": "simlearn.datasets.sintel",
        "flying_chairs": "simlearn.datasets.flying_chairs",
        "seven_scenes": "simlearn.datasets.seven_scenes",
        "nyu_depth_v2": "simlearn.datasets.nyu_depth_v2",
        "kitti_odometry": "simlearn.datasets.kitti_odometry",
        "weizmann": "simlearn.datasets.weizmann",
        "ucf101": "simlearn.datasets.ucf101",
        "hmdb51": "simlearn.datasets.hmdb51",
        "kinetics": "simlearn.datasets.kinetics",
        "moments_in_time": "simlearn.datasets.moments_in_time",
        "surveillance_fights": "simlearn.datasets.surveillance_fights",
        "clips_with_audio": "simlearn.datasets.clips_with_audio",
    },
)
