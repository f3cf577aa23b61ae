"""PyBullet's image as a frame: the same surfaces at the same pixels as `raster`, analytic depths, and nothing left behind."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet
import pytest
from render_worlds import GREY, away_from_edges, camera, instance, random_world, scene

from renderers.bullet import BulletRenderer
from renderers.raster import RasterRenderer
from renderers.renderer import RENDERERS
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Material, Shape, Texture


@pytest.mark.parametrize("seed", range(3))
def test_surfaces_and_depth_agree_with_raster(seed):
    world = random_world(seed, width=160, height=120)
    ours, theirs = RasterRenderer(world).render(1, BulletRenderer.LABELS), BulletRenderer(world).render(1)
    calm = away_from_edges(ours["instance"], ours["depth"])
    assert calm.mean() > 0.7
    for name in ("instance", "semantic", "valid"):
        assert (ours[name] == theirs[name])[calm].mean() > 0.999, name
        assert (ours[name] == theirs[name]).mean() > 0.998, name
    error = np.abs(theirs["depth"].astype(np.float64) / ours["depth"] - 1)[calm & ours["valid"]]
    assert np.median(error) < 3e-5
    assert np.quantile(error, 0.999) < 2e-4


def test_a_slanted_wall_has_its_analytic_depth_at_pixel_centres():
    """Planes z = 3 + x + y/2 seen with unequal focal lengths and a principal point off the middle; half a pixel would be off by 0.5 %."""
    cam = Camera(width=64, height=48, fx=70.0, fy=50.0, cx=25.0, cy=30.0)
    normal = np.array([1.0, 0.5, -1.0]) / 1.5
    across = np.cross(normal, [0.0, 1.0, 0.0]) / np.linalg.norm(np.cross(normal, [0.0, 1.0, 0.0]))
    pose = geometry.compose(np.stack([across, np.cross(normal, across), normal], axis=1), (0.0, 0.0, 3.0))
    frame = BulletRenderer(scene([instance(Shape.of("plane", x=40.0, y=40.0), pose)], cam)).render(0)
    rays = (cam.pixel_centres() - (cam.cx, cam.cy)) / (cam.fx, cam.fy)
    expected = 3.0 / (1.0 - rays[..., 0] - rays[..., 1] / 2)
    assert frame["valid"].all()
    np.testing.assert_allclose(frame["depth"], expected, rtol=1.5e-4)


def test_contour_and_semantic_follow_from_the_ids():
    world = random_world(5, width=80, height=60)
    frame, ids = BulletRenderer(world).render(0), BulletRenderer(world).render(0, ["instance"])["instance"]
    padded = np.pad(ids, 1, mode="edge")
    neighbours = [padded[1:-1, 2:], padded[1:-1, :-2], padded[2:, 1:-1], padded[:-2, 1:-1]]
    np.testing.assert_array_equal(frame["contour"], np.any([ids != other for other in neighbours], axis=0))
    reference = RasterRenderer(world).render(0, ["instance", "semantic"])
    semantic_of = dict(zip(reference["instance"].ravel().tolist(), reference["semantic"].ravel().tolist(), strict=True))
    seen = np.isin(ids, list(semantic_of))
    np.testing.assert_array_equal(frame["semantic"][seen], [semantic_of[i] for i in ids[seen].tolist()])


def test_both_sides_of_a_sheet_and_the_inside_of_a_ball_are_drawn():
    sheet = instance(Shape.of("plane", x=1.0, y=1.0), geometry.compose(np.eye(3), (0, 0, 2)))
    turned = instance(Shape.of("plane", x=1.0, y=1.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 2)))
    ball = instance(Shape.of("sphere", radius=5.0, subdivisions=4), name="ball")
    for thing in (sheet, turned):
        frame = BulletRenderer(scene([thing, ball], camera(64, 48))).render(0)
        assert frame["instance"][24, 32] == 1
        assert frame["instance"][0, 0] == 2
        distance = np.linalg.norm(camera(64, 48).unproject(camera(64, 48).pixel_centres(), frame["depth"]), axis=-1)
        assert np.abs(distance - 5.0)[frame["instance"] == 2].max() < 0.02


def test_each_part_of_an_instance_has_its_own_colour_and_the_same_id():
    red, green = Material(color=(0.8, 0.0, 0.0)), Material(color=(0.0, 0.8, 0.0))
    chair = Shape.of("chair", width=0.5)
    thing = replace(instance(chair), materials=(0, 1))
    world = scene([thing], camera(64, 48), geometry.look_at((0.8, -1.0, 1.2), (0.0, 0.0, 0.5)), materials=(red, green))
    frame = BulletRenderer(world).render(0)
    seen = frame["rgb"][frame["instance"] == 1]
    assert (seen[:, 0] > seen[:, 1]).any()
    assert (seen[:, 1] > seen[:, 0]).any()
    assert set(np.unique(frame["instance"])) == {0, 1}
    assert np.isinf(frame["depth"][~frame["valid"]]).all()


def test_texture_lies_as_in_raster():
    """A picture that differs along both axes and under reflection: bright and dark pixels are the same ones."""
    painted = Material(texture=Texture.of("painting", metres=1.0, resolution=64, seed=3))
    facing = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0.0, 0.0, 1.0))
    world = scene([instance(Shape.of("plane", x=1.0, y=1.0), facing)], camera(96, 96, 53), materials=(painted,))
    ours, theirs = (r(world).render(0, ["rgb"])["rgb"].astype(float).mean(-1).ravel() for r in (RasterRenderer, BulletRenderer))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_a_mesh_larger_than_pybullets_transfer_is_drawn_whole():
    ball = Shape.of("sphere", radius=1.0, subdivisions=7)  # 327,680 triangles
    world = scene([instance(ball, geometry.compose(np.eye(3), (0, 0, 2)))], camera(480, 360))  # small triangles, but not too small
    ours, theirs = RasterRenderer(world).render(0, ["depth", "instance"]), BulletRenderer(world).render(0)
    assert (ours["instance"] == theirs["instance"]).mean() > 0.999
    assert theirs["valid"].mean() > 0.3


def test_labels_times_and_devices_it_lacks_are_refused_with_the_remedy():
    renderer = RENDERERS["bullet"](scene([instance(Shape.of("box", x=1.0, y=1.0, z=1.0))], camera(8, 6), materials=(GREY,)))
    with pytest.raises(UserError, match=r"rgb, depth, instance, semantic, contour, valid, not normal, flow_forward: .*raster"):
        renderer.render(0, ["depth", "flow_forward", "normal"])
    with pytest.raises(UserError, match="outside the clip"):
        renderer.render(1)
    with pytest.raises(UserError, match="device cpu"):
        BulletRenderer(renderer.scene, device="cuda")
    with pytest.raises(UserError, match="pinhole cameras only"):
        BulletRenderer(replace(renderer.scene, camera=Camera.panorama(16, 8)))


def test_nothing_is_left_behind():
    renderer = BulletRenderer(random_world(1, width=16, height=12))
    client, folder = renderer._world.client, Path(renderer._world._folder.name)
    assert list(folder.glob("*.png"))
    gone = weakref.ref(renderer)
    del renderer
    gc.collect()
    assert gone() is None
    assert not folder.exists()
    assert not pybullet.isConnected(client)
    again = BulletRenderer(random_world(1, width=16, height=12))
    again.close()
    again.close()
    assert not pybullet.isConnected(again._world.client)
