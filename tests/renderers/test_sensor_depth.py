"""The structured-light depth camera against closed formulas and against rays traced to the projector."""

import math

import numpy as np
import pytest
import torch

from renderers.sensor import structured_light
from renderers.sensor.model import SensorModel
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene, Trajectory
from scenes.sensor import DepthSensor

KINECT = 585.6 * 0.075  # focal length (px) times baseline (m)
IDEAL = DepthSensor(
    disparity_step_px=0, disparity_noise_px=0, shift_noise_px=0, min_depth_m=0, max_depth_m=100, max_incidence_deg=90, shadows=False
)


def model(sensor: DepthSensor | None, camera: Camera, **more) -> SensorModel:
    parts = {"family": "test", "seed": 0, "index": 0, "frames": 4, "label_space": "nyu40", "instances": (), "materials": ()}
    still = Trajectory.still(np.eye(4))
    return SensorModel(Scene(**{**parts, **more}, camera=camera, camera_motion=still, depth_sensor=sensor), "cpu")


def wide(width: int = 160, height: int = 40, f: float = 150.0) -> Camera:
    return Camera(width=width, height=height, fx=f, fy=f, cx=width / 2, cy=height / 2)


def with_(sensor: DepthSensor, **changes) -> DepthSensor:
    return DepthSensor(**{**sensor.__dict__, **changes})


def test_steps_of_depth_grow_with_its_square():
    truth = torch.linspace(0.8, 5.0, 400_000, dtype=torch.float64)
    levels = structured_light.measured_depth(truth, KINECT, 0.125, 0.0).unique().numpy()
    steps = np.diff(levels)
    np.testing.assert_allclose(steps, levels[1:] * levels[:-1] * 0.125 / KINECT, rtol=1e-9)
    at = lambda z: steps[np.searchsorted(levels, z)]  # noqa: E731
    assert at(2.0) / at(1.0) == pytest.approx(4.0, rel=0.02)
    assert at(4.9) == pytest.approx(0.07, abs=0.003)  # about 7 cm at the far end of the range: Khoshelham and Oude Elberink 2012


def test_a_measured_depth_is_at_most_half_a_step_of_disparity_off():
    truth = torch.linspace(0.8, 5.0, 10_000, dtype=torch.float64)
    measured = structured_light.measured_depth(truth, KINECT, 0.125, 0.0)
    assert float((KINECT / measured - KINECT / truth).abs().max()) <= 0.0625 + 1e-9


@pytest.mark.parametrize("depth", [1.0, 2.0, 4.0])
def test_noise_of_depth_grows_with_its_square(depth):
    sensor = with_(IDEAL, disparity_noise_px=0.05, focal_length_px=585.6)
    measured = model(sensor, wide(200, 200)).sensor_depth(torch.full((200, 200), depth), 0)
    assert float(measured.std()) == pytest.approx(depth**2 / KINECT * 0.05, rel=0.03)
    assert float(measured.mean()) == pytest.approx(depth, abs=0.01)


def test_an_ideal_depth_sensor_leaves_the_bits_alone():
    depth = 1.0 + torch.rand(40, 160, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(IDEAL, wide()).sensor_depth(depth, 0), depth)


def test_what_cannot_be_measured_is_zero():
    depth = torch.full((40, 160), 2.0)
    depth[:, :20], depth[:, 20:40], depth[:, 40:60] = math.inf, 0.3, 7.0
    measured = model(with_(IDEAL, min_depth_m=0.5, max_depth_m=5.0, disparity_step_px=0.125), wide()).sensor_depth(depth, 0)
    assert (measured[:, :60] == 0).all()
    assert (measured[:, 61:-1] > 1.9).all()
    assert measured.dtype == torch.float32


def test_the_shadow_of_a_plate_has_its_analytic_width():
    camera, baseline, plate, wall = wide(), 0.075, 0.6, 1.8
    depth = torch.full((40, 160), wall)
    depth[10:30, 70:110] = plate
    measured = model(with_(IDEAL, shadows=True), camera).sensor_depth(depth, 0)
    width = camera.fx * baseline * (1 / plate - 1 / wall)
    assert width == pytest.approx(12.5)
    holes = measured == 0
    assert (holes[10:30].sum(1).float() - width).abs().max() <= 0.5
    assert holes[20, 58:70].all()  # on the side away from the projector, next to the plate
    assert not holes[:10].any()
    assert not holes[30:].any()


def test_the_shadow_of_a_pole_stands_apart_from_it():
    """The projector sees the wall on both sides of a pole that is thinner than its parallax."""
    depth = torch.full((8, 160), 1.8)
    depth[:, 90:94] = 0.6
    holes = structured_light.projector_shadow(depth, 150.0 * 0.075)
    assert (holes.sum(1) - 4).abs().max() <= 1
    assert holes[:, 79:81].all()  # 12.5 px left of the pole's middle at 92
    assert not holes[:, 84:].any()


def sections(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random slanted plates in the plane of one image row, as ends (x, z), before a slanted wall."""
    wall = (np.array([-4.0, rng.uniform(2.5, 3.5)]), np.array([4.0, rng.uniform(2.5, 3.5)]))
    plates = []
    for _ in range(4):
        middle, half, turn = np.array([rng.uniform(-0.8, 0.8), rng.uniform(0.8, 2.2)]), rng.uniform(0.04, 0.25), rng.uniform(-0.7, 0.7)
        along = half * np.array([np.cos(turn), np.sin(turn)])
        plates.append((middle - along, middle + along))
    return [wall, *plates]


def nearest_hit(origin: np.ndarray, towards: np.ndarray, plates) -> np.ndarray:
    """Smallest s > 0 at which origin + s * towards meets a plate, for rays towards [N, 2]."""
    best = np.full(len(towards), np.inf)
    for a, b in plates:
        edge, normal = b - a, np.array([b[1] - a[1], a[0] - b[0]])
        with np.errstate(divide="ignore", invalid="ignore"):
            s = ((a - origin) @ normal) / (towards @ normal)
            share = ((origin + s[:, None] * towards - a) @ edge) / (edge @ edge)
        best = np.where((s > 0) & (share >= 0) & (share <= 1) & (s < best), s, best)
    return best


@pytest.mark.parametrize("seed", range(8))
def test_shadows_are_those_of_rays_to_the_projector(seed):
    camera, baseline = wide(640, 1, 400.0), 0.15
    plates = sections(np.random.default_rng(seed))
    rays = np.stack([(np.arange(640) + 0.5 - camera.cx) / camera.fx, np.ones(640)], axis=-1)
    depth = nearest_hit(np.zeros(2), rays, plates)
    points, projector = rays * depth[:, None], np.array([baseline, 0.0])
    hidden = nearest_hit(projector, points - projector, plates) < 1 - 1e-9
    found = structured_light.projector_shadow(torch.from_numpy(depth)[None].float(), camera.fx * baseline)[0].numpy()
    inside = points[:, 0] < camera.unproject((560.0, 0.5), depth.max())[0]  # away from casters outside the image
    assert hidden[inside].sum() > 20
    borders = np.count_nonzero(np.diff(hidden.astype(int)))
    assert np.count_nonzero((found != hidden)[inside]) <= borders + 2  # at most a pixel at either end of a shadow


@pytest.mark.parametrize(("tilt", "turn"), [(0.0, 0.0), (50.0, 0.3), (75.0, 2.0), (80.0, -1.2)])
def test_incidence_is_exact_on_planes(tilt, turn):
    camera = wide(120, 90)
    normal = np.array(
        [math.sin(math.radians(tilt)) * math.cos(turn), math.sin(math.radians(tilt)) * math.sin(turn), -math.cos(math.radians(tilt))]
    )
    rays = camera.unproject(camera.pixel_centres(), np.ones((90, 120)))
    depth = (normal @ [0.0, 0.0, 2.0]) / (rays @ normal)
    seen = depth > 0
    expected = -(rays @ normal) / np.linalg.norm(rays, axis=-1)
    found = structured_light.incidence_cosine(torch.from_numpy(depth), camera).numpy()
    inner = seen & np.roll(seen, 1, 0) & np.roll(seen, -1, 0) & np.roll(seen, 1, 1) & np.roll(seen, -1, 1)
    assert inner.sum() > 2000
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-6)


def test_grazing_surfaces_and_dark_ones_return_nothing():
    camera = wide()
    rows = torch.arange(40) + 0.5 - camera.cy
    floor = (1.0 * camera.fy / rows.clamp_min(0.25))[:, None].expand(40, 160).contiguous()  # a floor 1 m below
    below = rows > 1
    measured = model(with_(IDEAL, max_incidence_deg=85.0, max_depth_m=1000), camera).sensor_depth(floor, 0)
    steep = torch.atan2(rows, torch.tensor(camera.fy)) * 180 / math.pi > 5  # elevation angle of the middle column
    assert torch.equal(measured[below, 80] > 0, steep[below])
    albedo = torch.full((40, 160, 3), 0.5)
    albedo[:, :80] = 0.02
    flat = torch.full((40, 160), 2.0)
    dim = model(with_(IDEAL, min_return=0.05), camera).sensor_depth(flat, 0, albedo=albedo)
    assert (dim[:, :80] == 0).all()
    assert (dim[:, 80:] == 2.0).all()


def test_the_jitter_of_the_match_acts_at_silhouettes_without_inventing_depths():
    depth = torch.full((40, 160), 2.0)
    depth[:, 80:] = 1.0
    measured = model(with_(IDEAL, shift_noise_px=0.5), wide()).sensor_depth(depth, 0)
    assert set(measured.unique().tolist()) == {1.0, 2.0}
    moved = (measured != depth).float().mean(0)
    assert moved[78:82].max() > 0.1
    assert moved[:76].max() == moved[84:].max() == 0


def test_noise_depends_on_seed_index_time_and_eye_alone():
    depth = torch.full((40, 160), 2.0)
    camera = wide()
    first = model(DepthSensor(), camera).sensor_depth(depth, 0)
    assert torch.equal(first, model(DepthSensor(), camera).sensor_depth(depth, 0))
    for other in (model(DepthSensor(), camera, seed=1).sensor_depth(depth, 0), model(DepthSensor(), camera).sensor_depth(depth, 1)):
        assert not torch.equal(first, other)
    assert not torch.equal(first, model(DepthSensor(), camera).sensor_depth(depth, 0, eye="right"))


def test_a_scene_without_a_depth_sensor_says_so():
    with pytest.raises(UserError, match="depth_sensor"):
        model(None, wide()).sensor_depth(torch.ones(40, 160), 0)
