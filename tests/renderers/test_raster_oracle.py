"""Rendered labels against code that shares nothing with the renderer: Embree rays and float64 reprojection, on random moving worlds."""

import numpy as np
import pytest
from render_worlds import away_from_edges, centre_rays, embree_cast, embree_scene, random_world, reproject

from renderers.raster import RasterRenderer

SEEDS = range(4)


@pytest.fixture(scope="module", params=SEEDS)
def rendered(request):
    width, height = (640, 480) if request.param == 0 else (320, 240)
    world = random_world(request.param, width=width, height=height)
    renderer = RasterRenderer(world)
    return world, [renderer.render(t) for t in range(world.frames)]


def test_ids_and_depth_agree_with_embree(rendered):
    world, frames = rendered
    depth, ids = embree_cast(embree_scene(world, 1), centre_rays(world.camera))
    ours = frames[1]
    off_edges = away_from_edges(ours["instance"].astype(int) - 1, ours["depth"]) & away_from_edges(ids, depth)
    agree = (ours["instance"].astype(int) - 1 == ids)[off_edges]
    error = np.abs(ours["depth"].astype(np.float64) / depth - 1)[off_edges]
    assert off_edges.mean() > 0.7
    assert agree.mean() > 0.999
    assert np.median(error) < 1e-5
    assert np.quantile(error, 0.999) < 1e-4


@pytest.mark.parametrize(("direction", "offset"), [("forward", 1), ("backward", -1)])
def test_flow_and_out_of_frame_equal_reprojection(rendered, direction, offset):
    world, frames = rendered
    ours, cam = frames[1], world.camera
    moved = reproject(world, ours["depth"], ours["instance"], 1, 1 + offset)
    target = moved[..., :2] / moved[..., 2:] * (cam.fx, cam.fy) + (cam.cx, cam.cy)
    flow = target - centre_rays(cam)[..., :2] * (cam.fx, cam.fy) - (cam.cx, cam.cy)
    valid = ours["valid"] & (moved[..., 2] > 0.05)
    assert np.abs(flow - ours[f"flow_{direction}"])[valid].max() < 1e-2
    outside = (target < 0).any(-1) | (target >= (cam.width, cam.height)).any(-1) | (moved[..., 2] <= 0)
    border = (np.abs(target) < 1e-2).any(-1) | (np.abs(target - (cam.width, cam.height)) < 1e-2).any(-1)
    np.testing.assert_array_equal(ours[f"out_of_frame_{direction}"][valid & ~border], outside[valid & ~border])


@pytest.mark.parametrize(("direction", "offset"), [("forward", 1), ("backward", -1)])
def test_occlusion_equals_a_ray_to_the_moved_point(rendered, direction, offset):
    world, frames = rendered
    now, then, cam = frames[1], frames[1 + offset], world.camera
    moved = reproject(world, now["depth"], now["instance"], 1, 1 + offset)
    reach, _ = embree_cast(embree_scene(world, 1 + offset), moved)  # in units of the point's distance
    hidden = reach < 1 - 1e-4
    inside = now["valid"] & ~now[f"out_of_frame_{direction}"]
    target = np.floor(centre_rays(cam)[..., :2] * (cam.fx, cam.fy) + (cam.cx, cam.cy) + now[f"flow_{direction}"]).astype(int)
    column, row = np.clip(target[..., 0], 0, cam.width - 1), np.clip(target[..., 1], 0, cam.height - 1)
    calm = away_from_edges(then["instance"], then["depth"], 2)[row, column] & away_from_edges(now["instance"], now["depth"])
    ours = now[f"occluded_{direction}"]
    assert not ours[~inside].any()
    assert (ours == hidden)[inside & calm].mean() > 0.999
    assert (ours == hidden)[inside].mean() > 0.99
    assert ours.any()


def test_forward_then_backward_flow_returns(rendered):
    world, frames = rendered
    cam, now, then = world.camera, frames[1], frames[2]
    u, v = np.moveaxis(centre_rays(cam)[..., :2] * (cam.fx, cam.fy) + (cam.cx, cam.cy) + now["flow_forward"] - 0.5, -1, 0)
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    inside = now["valid"] & ~now["occluded_forward"] & (column >= 0) & (row >= 0) & (column < cam.width - 1) & (row < cam.height - 1)
    column, row, fu, fv = np.where(inside, column, 0), np.where(inside, row, 0), (u - column)[..., None], (v - row)[..., None]
    calm = away_from_edges(then["instance"], then["depth"])
    inside &= away_from_edges(now["instance"], now["depth"], 2) & (then["instance"][row, column] == now["instance"])
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        inside &= calm[row + i, column + j]
    back = then["flow_backward"].astype(np.float64)
    upper = back[row, column] * (1 - fu) + back[row, column + 1] * fu
    lower = back[row + 1, column] * (1 - fu) + back[row + 1, column + 1] * fu
    returned = np.linalg.norm(now["flow_forward"] + upper * (1 - fv) + lower * fv, axis=-1)
    assert inside.sum() > 10000
    assert np.quantile(returned[inside], 0.999) < 0.05
