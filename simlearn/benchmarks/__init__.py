"""Real (and unseen rendered) data as a judge of features: one file a benchmark, each with its protocol to the letter.

Owns: what is measured, how, and on which items. Does not own: reading data (`simlearn.datasets`), training (`training`), the report.

A benchmark is a module with `DATA_SET` (the name of what it reads), `SETTINGS` (the full-size settings, a frozen dataclass), `QUICK` (about
half the time) and `evaluate(source: Source, request: Request) -> Evaluation`; `ZERO_SHOT = True` marks one that measures a network's own
predictions and so has no supervised reference; `INPUTS` tells which networks it can measure, by what they read (else those of pictures);
`ON_REQUEST = True` marks one that a comparison leaves out unless it is named.
A *scored* benchmark has `score(predictor, request)` instead of `evaluate` and measures predictions, also anybody's files: see
`simlearn.benchmarks.predictions`. To add one: write the file and add its line here.
"""

from typing import Any

from scenes.registry import Registry

BENCHMARKS = Registry(
    "benchmark",
    {
        "tiny_imagenet": "simlearn.benchmarks.tiny_imagenet",
        "caltech101": "simlearn.benchmarks.picture_sets:CALTECH101",
        "stl10": "simlearn.benchmarks.picture_sets:STL_10",
        "svhn": "simlearn.benchmarks.picture_sets:SVHN_DIGITS",
        "places365": "simlearn.benchmarks.picture_sets:PLACES_365",
        "voc2007_svm": "simlearn.benchmarks.voc2007_svm",
        "tiny_imagenet_low_shot": "simlearn.benchmarks.low_shot:TINY_IMAGENET",
        "tiny_imagenet_finetune": "simlearn.benchmarks.finetune:TINY_IMAGENET",
        "camvid": "simlearn.benchmarks.camvid",
        "camvid_predictions": "simlearn.benchmarks.segmentation:CAMVID",
        "kitti_semantics_predictions": "simlearn.benchmarks.segmentation:KITTI",
        "voc2012_predictions": "simlearn.benchmarks.segmentation:VOC2012",
        "kitti_depth": "simlearn.benchmarks.kitti_depth",
        "kitti_depth_zero_shot": "simlearn.benchmarks.kitti_depth_zero_shot",
        "seven_scenes_depth": "simlearn.benchmarks.seven_scenes_depth",
        "seven_scenes_depth_zero_shot": "simlearn.benchmarks.seven_scenes_depth_zero_shot",
        "seven_scenes_depth_predictions": "simlearn.benchmarks.indoor_depth:SEVEN_SCENES",
        "scenenet_depth_predictions": "simlearn.benchmarks.indoor_depth:SCENENET",
        "nyu_depth_predictions": "simlearn.benchmarks.indoor_depth:NYU",
        "seven_scenes_normals_predictions": "simlearn.benchmarks.normals:SEVEN_SCENES",
        "scenenet_normals_predictions": "simlearn.benchmarks.normals:SCENENET",
        "rendered": "simlearn.benchmarks.rendered",
        "weizmann": "simlearn.benchmarks.weizmann",
        "surveillance_fights": "simlearn.benchmarks.surveillance_fights",
        "ucf101": "simlearn.benchmarks.ucf101",
        "hmdb51": "simlearn.benchmarks.hmdb51",
        "kinetics": "simlearn.benchmarks.kinetics",
        "moments_in_time": "simlearn.benchmarks.moments_in_time",
        "audio_visual_correspondence": "simlearn.benchmarks.audio_visual_correspondence:FIGHTS",
        "audio_visual_correspondence_kinetics": "simlearn.benchmarks.audio_visual_correspondence:KINETICS",
        "kitti_eigen": "simlearn.benchmarks.kitti_eigen:EIGEN",
        "kitti_eigen_benchmark": "simlearn.benchmarks.kitti_eigen:BENCHMARK",
        "kitti_eigen_bts": "simlearn.benchmarks.kitti_eigen:BTS",
        "kitti_eigen_marigold": "simlearn.benchmarks.kitti_eigen:MARIGOLD",
        "kitti_eigen_metric": "simlearn.benchmarks.kitti_eigen:METRIC",
        "kitti_flow_2012": "simlearn.benchmarks.flow_sets:KITTI_2012",
        "kitti_flow_2015": "simlearn.benchmarks.flow_sets:KITTI_2015",
        "middlebury_flow": "simlearn.benchmarks.flow_sets:MIDDLEBURY",
        "middlebury_stereo_flow": "simlearn.benchmarks.flow_sets:STEREO",
        "sintel_clean": "simlearn.benchmarks.flow_sets:SINTEL_CLEAN",
        "sintel_final": "simlearn.benchmarks.flow_sets:SINTEL_FINAL",
        "flying_chairs": "simlearn.benchmarks.flow_sets:CHAIRS",
        "seven_scenes_flow": "simlearn.benchmarks.flow_sets:SEVEN_SCENES",
        "kitti_odometry": "simlearn.benchmarks.kitti_odometry:NONE",
        "kitti_odometry_scale": "simlearn.benchmarks.kitti_odometry:SCALE",
        "kitti_odometry_6dof": "simlearn.benchmarks.kitti_odometry:SIX",
        "kitti_odometry_7dof": "simlearn.benchmarks.kitti_odometry:SEVEN",
    },
)


def inputs_of(benchmark: Any) -> tuple[str, ...]:
    """What networks read that a benchmark (its module) can measure."""
    return getattr(benchmark, "INPUTS", ("image",))


def is_scored(benchmark: Any) -> bool:
    """Whether a benchmark (its module) measures predictions, not features."""
    return hasattr(benchmark, "BASELINES")
