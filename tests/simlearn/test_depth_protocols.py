"""Depth errors against hand-computed answers: each trap of the published protocols by itself."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.errors import UserError
from simlearn.benchmarks.depth_protocols import (
    DEPTH_METRICS,
    UNCLIPPED,
    DepthProtocol,
    crop_mask,
    depth_errors,
    mean_depth_errors,
    window_bounds,
)

METRIC = DepthProtocol(scaling="none", maximum_m=80.0)
MEDIAN = DepthProtocol(scaling="median", maximum_m=80.0)


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def test_depth_errors_by_hand():
    found = depth_errors(row(2, 4, 10), row(1, 4, 8), METRIC)
    assert found is not None
    assert found.abs_rel == pytest.approx((1 + 0 + 0.25) / 3)
    assert found.rmse == pytest.approx(np.sqrt((1 + 0 + 4) / 3))
    assert found.delta1 == pytest.approx(1 / 3)  # 10 / 8 is exactly 1.25, which does not count
    assert found.pixels == 3


def test_prediction_is_scaled_before_it_is_clipped():
    # Medians 100 and 10: scaled by 0.1 to 1, 10, 20. Clipping to 80 first would give 10, 80, 80, hence 1.25, 10, 10.
    found = depth_errors(row(10, 100, 200), row(1, 10, 20), MEDIAN)
    assert found is not None
    assert found.abs_rel == pytest.approx(0, abs=1e-6)
    assert found.scale == pytest.approx(0.1)


def test_scaled_prediction_is_clipped_to_the_range():
    found = depth_errors(row(1, 1, 100), row(1, 1, 50), MEDIAN)
    assert found is not None
    assert found.abs_rel == pytest.approx((80 - 50) / 50 / 3)


def test_median_is_taken_over_counted_pixels_only():
    truth = row(2, 2, 4, 90, np.inf, 0)
    found = depth_errors(row(1, 1, 2, 77, 77, 77), truth, MEDIAN)
    assert found is not None
    assert (found.scale, found.pixels, found.abs_rel) == (2.0, 3, 0.0)


def test_no_pixel_counts_and_bad_predictions():
    assert depth_errors(row(1.0), row(np.inf), MEDIAN) is None
    with pytest.raises(UserError, match="1 of 2"):
        depth_errors(row(1, np.nan), row(1, 1), MEDIAN)
    with pytest.raises(UserError, match="median"):
        depth_errors(row(0, 0), row(1, 1), MEDIAN)
    with pytest.raises(UserError, match="resize"):
        depth_errors(np.ones((2, 2)), row(1, 1), MEDIAN)
    with pytest.raises(UserError):
        mean_depth_errors([])


def test_garg_crop_truncates_to_whole_pixels():
    # 375 x 1242: rows 153.04 .. 371.96, columns 44.65 .. 1197.35.
    rows, columns = np.nonzero(crop_mask("garg", 375, 1242))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (153, 370, 44, 1196)
    # 370 x 1224 (two of the frames): rows 151.0000007 .. 366.9999993, columns 43.999997 .. 1180.000003: rounding would differ.
    rows, columns = np.nonzero(crop_mask("garg", 370, 1224))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (151, 365, 43, 1179)


def test_crop_leaves_out_errors_outside_it():
    truth = np.full((100, 100), 10, np.float32)
    prediction = truth.copy()
    prediction[:40] = 50
    found = depth_errors(prediction, truth, DepthProtocol(crop="garg", scaling="none"))
    assert found is not None
    assert found.abs_rel == 0
    assert found.pixels == (99 - 40) * (96 - 3)


def test_depth_is_averaged_over_images_not_pixels():
    many = depth_errors(np.full((100, 100), 1.1), np.ones((100, 100)), METRIC)
    few = depth_errors(row(1.3, 1.3), row(1, 1), METRIC)
    assert many is not None
    assert few is not None
    assert mean_depth_errors([many, few]) == pytest.approx({"abs_rel": 0.2, "rmse": 0.2, "delta1": 0.5})


def test_every_error_by_hand():
    # p/t = 2, 1/2, 1: e = ln 2, -ln 2, 0.
    found = depth_errors(row(2, 2, 8), row(1, 4, 8), METRIC)
    assert found is not None
    ln2 = np.log(2)
    expected = {
        "abs_rel": (1 + 0.5) / 3,
        "sq_rel": (1 + 1) / 3,
        "rmse": np.sqrt((1 + 4) / 3),
        "rmse_log": ln2 * np.sqrt(2 / 3),
        "log10": 2 * np.log10(2) / 3,
        "delta1": 1 / 3,
        "delta2": 1 / 3,
        "delta3": 1 / 3,
        "silog": 100 * ln2 * np.sqrt(2 / 3),
        "silog_half": ln2 * np.sqrt(2 / 3),
    }
    assert {name: getattr(found, name) for name in DEPTH_METRICS} == pytest.approx(expected)


def test_the_two_silogs_differ_by_how_much_of_the_common_scale_they_forgive():
    found = depth_errors(row(2, 4, 8), row(1, 2, 4), METRIC)  # e = ln 2 everywhere
    assert found is not None
    assert found.silog == pytest.approx(0, abs=1e-5)
    assert found.silog_half == pytest.approx(np.log(2) * np.sqrt(0.5))
    assert (found.delta1, found.delta2, found.delta3) == (0, 0, 0)  # 1.25^3 = 1.953


def test_truth_beyond_the_range_can_count_while_predictions_are_clipped():
    uncapped = DepthProtocol(minimum_m=0, maximum_m=np.inf, clip_m=(1e-3, 80.0), scaling="none")
    truth = row(100, 5e-4, 0, np.inf)
    found = depth_errors(row(100, 5e-4, 7, 7), truth, uncapped)
    assert found is not None
    assert found.pixels == 2
    assert found.abs_rel == pytest.approx((0.2 + 1) / 2)  # 100 is clipped to 80, 0.0005 to 0.001
    capped = depth_errors(row(100, 5e-4, 7, 7), truth, METRIC)
    assert capped is None


def test_both_ends_count_where_the_range_is_closed():
    closed = DepthProtocol(closed=True, scaling="none", clip_m=UNCLIPPED)
    truth = row(0.001, 80, 80.01, 0.0009)
    assert closed.mask(truth).tolist() == [[True, True, False, False]]
    assert METRIC.mask(truth).sum() == 0


def test_unclipped_predictions_keep_their_value_and_must_be_positive():
    free = DepthProtocol(scaling="none", clip_m=UNCLIPPED)
    found = depth_errors(row(200), row(50), free)
    assert found is not None
    assert found.abs_rel == pytest.approx(3)
    with pytest.raises(UserError, match="1 of 2 predicted depths are not positive"):
        depth_errors(row(0, 2), row(1, 2), free)


def test_too_few_pixels_have_no_errors():
    ten = DepthProtocol(scaling="none", least_pixels=10)
    assert depth_errors(np.ones((1, 9)), np.ones((1, 9)), ten) is None
    assert depth_errors(np.ones((1, 10)), np.ones((1, 10)), ten) is not None


def test_median_and_least_squares_differ():
    prediction, truth = row(1, 2, 3, 4), row(12, 14, 16, 18)  # t = 2 p + 10
    fitted = depth_errors(prediction, truth, DepthProtocol(scaling="least_squares"))
    assert fitted is not None
    assert (fitted.scale, fitted.shift, fitted.abs_rel) == pytest.approx((2, 10, 0))
    median = depth_errors(prediction, truth, MEDIAN)
    assert median is not None
    assert median.scale == pytest.approx(15 / 2.5)  # 6, 12, 18, 24
    assert median.abs_rel == pytest.approx((6 / 12 + 2 / 14 + 2 / 16 + 6 / 18) / 4)


def test_least_squares_takes_any_prediction_also_one_that_is_not_positive_or_constant():
    fitted = depth_errors(row(-1, 0, 1), row(1, 2, 3), DepthProtocol(scaling="least_squares"))
    assert fitted is not None
    assert fitted.rmse == pytest.approx(0, abs=1e-12)
    constant = depth_errors(row(7, 7, 7), row(1, 2, 3), DepthProtocol(scaling="least_squares"))
    assert constant is not None
    assert constant.rmse == pytest.approx(np.sqrt(2 / 3))  # the mean of the truth, 2, everywhere


def test_least_squares_in_disparity_and_in_depth_differ():
    truth = row(1, 2, 4)
    disparity = 3 * (1 / truth) - 0.5
    inverse = DepthProtocol(scaling="least_squares_disparity")
    found = depth_errors(disparity, truth, inverse, disparity=True)
    assert found is not None
    assert (found.scale, found.shift) == pytest.approx((1 / 3, 1 / 6))
    assert found.rmse == pytest.approx(0, abs=1e-6)
    as_depth = depth_errors(disparity, truth, DepthProtocol(scaling="least_squares"), disparity=True)
    assert as_depth is not None
    assert as_depth.rmse > 0.2
    assert depth_errors(truth * 5, truth, inverse).rmse == pytest.approx(0, abs=1e-6)  # type: ignore[union-attr]


def test_an_aligned_disparity_below_a_thousandth_is_a_kilometre():
    # Fitted to the positive disparity alone: 10 a + b = 1. The other becomes (-90 + 1)/101 < 0, hence 0.001.
    found = depth_errors(row(10, -9), row(1, 50), DepthProtocol(scaling="least_squares_disparity", clip_m=UNCLIPPED), disparity=True)
    assert found is not None
    assert (found.scale, found.shift) == pytest.approx((10 / 101, 1 / 101))  # shortest vector with 10 a + b = 1
    assert found.abs_rel == pytest.approx((0 + 950 / 50) / 2)


def test_disparities_are_inverted_before_the_median():
    found = depth_errors(row(1, 0.5, 0.1), row(2, 4, 20), MEDIAN, disparity=True)
    assert found is not None
    assert (found.scale, found.abs_rel) == pytest.approx((2, 0), abs=1e-7)
    far = depth_errors(row(1, 0.5, 0), row(1, 2, 40), MEDIAN, disparity=True)
    assert far is not None
    assert far.abs_rel == pytest.approx(1 / 3)  # disparity 0 is infinitely far, clipped to 80
    with pytest.raises(UserError, match="1 of 3 predicted disparities are negative"):
        depth_errors(row(1, 0.5, -0.1), row(1, 2, 4), MEDIAN, disparity=True)


def test_what_is_predicted_outside_the_counted_pixels_has_no_influence():
    truth = np.full((100, 100), 10, np.float32)
    prediction = truth.copy()
    prediction[:40], prediction[50, 0] = np.nan, np.inf
    found = depth_errors(prediction, truth, DepthProtocol(crop="garg", scaling="median"))
    assert found is not None
    assert found.abs_rel == 0
    prediction[50, 50] = np.nan
    with pytest.raises(UserError, match="1 of 5487 predicted depths are not finite"):
        depth_errors(prediction, truth, DepthProtocol(crop="garg", scaling="median"))


def test_eigen_and_garg_crops_of_the_benchmark_window():
    def bounds(name: str) -> tuple[int, ...]:
        rows, columns = np.nonzero(crop_mask(name, 352, 1216))
        return rows.min(), rows.max(), columns.min(), columns.max()

    assert bounds("garg") == (143, 348, 43, 1171)  # 143.65 .. 349.15, 43.71 .. 1172.29
    assert bounds("eigen") == (117, 320, 43, 1171)  # 117.01 .. 321.56, 43.71 .. 1172.29
    assert np.argwhere(crop_mask("nyu", 480, 640))[[0, -1]].tolist() == [[45, 41], [470, 600]]
    with pytest.raises(UserError, match="480x640"):
        crop_mask("nyu", 240, 320)


def test_the_window_is_cut_before_the_crop():
    assert window_bounds(375, 1242) == (23, 375, 13, 1229)
    assert window_bounds(376, 1241) == (24, 376, 12, 1228)  # half a column is cut off
    protocol = DepthProtocol(window="kitti_benchmark", crop="garg", scaling="none")
    truth = np.full((375, 1242), 10, np.float32)
    prediction = truth.copy()
    prediction[: 23 + 143] = 50
    found = depth_errors(prediction, truth, protocol)
    assert found is not None
    assert (found.abs_rel, found.pixels) == (0, (349 - 143) * (1172 - 43))
    cut = depth_errors(prediction[23:, 13:1229], truth, protocol)  # predicted for the window only
    assert cut == found
    with pytest.raises(UserError, match="smaller than the window"):
        depth_errors(truth[:300], truth[:300], protocol)


def test_wording_tells_protocols_apart():
    words = {
        DepthProtocol(crop="garg").wording(),
        DepthProtocol(crop="eigen").wording(),
        DepthProtocol(maximum_m=np.inf, clip_m=(1e-3, 80.0)).wording(),
        DepthProtocol(closed=True, clip_m=UNCLIPPED, least_pixels=10).wording(),
        DepthProtocol(window="kitti_benchmark").wording(),
        *(DepthProtocol(scaling=scaling).wording() for scaling in ("none", "median", "least_squares", "least_squares_disparity")),
    }
    assert len(words) == 9


@pytest.mark.parametrize("wrong", [{"minimum_m": 2, "maximum_m": 1}, {"window": "kb"}, {"crop": "middle"}, {"scaling": "best"}])
def test_unknown_parts_of_a_protocol_are_refused(wrong):
    with pytest.raises(UserError):
        DepthProtocol(**wrong)
