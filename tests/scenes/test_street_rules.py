"""Streets follow the rules of the road, and leave out only what is never seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from street_scenes import GROUND, VEHICLES, cloud, standing, street

from scenes import shapes, streets
from scenes.distributions import Choice
from scenes.errors import UserError
from scenes.geometry import transform
from scenes.pieces import PIECES
from scenes.randomness import Streams
from scenes.scene import Instance, Shape
from scenes.streets.view import View, shadow_of
from scenes.streets.weather import Weather, weather


def _on(ground: list[Instance], points: np.ndarray) -> np.ndarray:
    """Which points [N, 2] lie on the level tops of the ground's meshes."""
    found = np.zeros(len(points), dtype=bool)
    for piece in ground:
        corners = cloud(piece)[shapes.build(piece.shape).faces]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        a, b, c = (corners[normal[:, 2] > 1e-9, k, None, :2] for k in range(3))

        def left(p: np.ndarray, q: np.ndarray) -> np.ndarray:
            return (q - p)[..., 0] * (points - p)[..., 1] - (q - p)[..., 1] * (points - p)[..., 0] > 0

        found |= (left(a, b) & left(b, c) & left(c, a)).any(axis=0)
    return found


@pytest.mark.parametrize("index", range(12))
def test_nothing_stands_on_the_carriageway_but_traffic(index):
    scene = street(index)
    roads = [i for i in standing(scene, "road", "junction") if i.shape.kind == "slab" and i.shape.number("depth") > 0.1]
    feet, names = [], []
    for thing in scene.instances:
        if thing.motion.moves or thing.category in (*GROUND, *VEHICLES) or thing.shape.kind in ("tree_line", "hill"):
            continue
        points = cloud(thing)
        low = points[points[:, 2] < points[:, 2].min() + 1.5][:, :2]
        feet.append(low[:: max(1, len(low) // 8)] if thing.category not in ("tree", "bush") else low.mean(axis=0, keepdims=True))
        names += [thing.name] * len(feet[-1])
    on = _on(roads, np.concatenate(feet))
    assert not on.any(), sorted({name for name, bad in zip(names, on, strict=True) if bad})


def test_people_in_the_road_are_on_a_crossing():
    met = 0
    for index in range(12):
        scene = street(index)
        roads = [i for i in standing(scene, "road", "junction") if i.shape.kind == "slab"]
        zebras = [np.reshape(dict(i.shape.parameters)["line"], (-1, 2)) for i in standing(scene, "lane_marking") if _is_zebra(i.shape)]
        for person in scene.instances:
            if person.category == "pedestrian":
                place = person.motion.at(0)[:2, 3]
                if _on(roads, place[None])[0]:
                    met += 1
                    assert any(_along(line, place) < 2.0 for line in zebras), person.name
    assert met > 0


def _is_zebra(shape: Shape) -> bool:
    return shape.number("breadth") > 2.0


def _along(line: np.ndarray, place: np.ndarray) -> float:
    """Distance of a point from a straight line, metres."""
    direction = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    return float(abs(direction[0] * (place - line[0])[1] - direction[1] * (place - line[0])[0]))


def _towards(thing: Instance) -> np.ndarray:
    """The direction [2] a thing's front faces."""
    return -thing.motion.at(0)[:2, 1]


def test_traffic_lights_agree():
    """Those that face along the main street all show one colour, those that face its side streets the other; none stand in the country."""
    shown = set()
    for index in (2, 4, 12):
        config = streets.Config(area=Choice(("commercial",)), manoeuvre=Choice(("straight",)), triangles=10**7, frames=1)
        scene = streets.sample(config, Streams(6, index))
        lights = standing(scene, "traffic_light")
        for light in lights:
            assert light.motion.at(0)[2, 2] == pytest.approx(1.0)
        near = [i for i in lights if np.linalg.norm(i.motion.at(0)[:2, 3] - lights[0].motion.at(0)[:2, 3]) < 45.0]
        axis = _towards(near[0])
        lit = [(abs(float(_towards(i) @ axis)) > 0.7, dict(i.shape.parameters)["lit"]) for i in near]
        ways = {way: {lamp for w, lamp in lit if w == way} for way in (True, False)}
        assert all(len(lamps) <= 1 for lamps in ways.values())
        if ways[True] and ways[False]:
            assert ways[True] | ways[False] == {"red", "green"}
            shown.add(index)
    assert len(shown) >= 2
    assert not any(standing(street(index), "traffic_light") for index in range(12) if street(index).metadata["area"] == "country")


def test_stop_signs_face_those_who_come_out_of_a_side_street():
    """Someone at the sign's front looks along a road that runs towards the sign, at right angles to the main street."""
    found = 0
    for index in range(12):
        scene = street(index)
        roads = [i for i in standing(scene, "road") if i.shape.kind == "slab" and i.shape.number("depth") > 0.1]
        for sign in standing(scene, "traffic_sign"):
            if dict(sign.shape.parameters).get("sign") != "octagon":
                continue
            found += 1
            facing, at = _towards(sign), sign.motion.at(0)[:2, 3]
            aside = np.array([facing[1], -facing[0]])  # the driver's left, as seen from the sign: its own right
            hand = streets.Config().left_hand_traffic.sample(Streams(5, index).generator("left_hand_traffic"))
            lane = at + (2.5 if not hand else -2.5) * aside + np.arange(2.0, 40.0, 4.0)[:, None] * facing
            assert _on(roads, lane).all(), sign.name
    assert found >= 3


@pytest.mark.parametrize("name", ["hatchback", "saloon", "van", "bus", "truck", "bicycle", "motorcycle", "pedestrian_walking", "child"])
def test_details_keep_the_measures_and_materials(name):
    shape = PIECES[name].draw(np.random.default_rng(4))
    meshes = [shapes.build(replace(shape, parameters=tuple(sorted((*shape.parameters, ("detail", k)))))) for k in (2, 1, 0)]
    assert np.array_equal(meshes[0].vertices, shapes.build(shape).vertices)
    counts = [len(mesh.faces) for mesh in meshes]
    assert counts[0] > 1.4 * counts[1] > 1.7 * counts[2]
    for mesh in meshes[1:]:
        assert np.ptp(mesh.vertices, axis=0) == pytest.approx(np.ptp(meshes[0].vertices, axis=0), abs=1e-4)
        assert set(mesh.slots) == set(meshes[0].slots)
        solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        solid.merge_vertices(merge_tex=True, merge_norm=True)
        assert solid.is_watertight
        assert min(part.volume for part in solid.split()) > 0
    with pytest.raises(UserError, match=r"known are 2 \(near\)"):
        shapes.build(replace(shape, parameters=(*shape.parameters, ("detail", 3))))


def test_what_is_left_out_is_never_in_the_picture():
    """Against the same street built all round: the vertices of what is missing project beside the image on every frame."""
    for index in (0, 1):
        config = streets.Config(triangles=10**8, frames=4)
        seen, whole = (streets.sample(c, Streams(8, index)) for c in (config, replace(config, lens="fisheye")))
        kept = {(i.category, i.motion) for i in seen.instances}
        missing = [i for i in whole.instances if (i.category, i.motion) not in kept and i.shape.kind not in ("slab", "dashes")]
        assert len(missing) > 20
        camera = seen.camera
        for time in range(seen.frames):
            to_camera = np.linalg.inv(seen.camera_motion.at(time))
            for thing in missing:
                x, _, z = transform(to_camera, cloud(thing, time)).T
                ahead = z > 0.05
                u = camera.fx * x[ahead] / z[ahead] + camera.cx
                assert (u < 0).all() or (u > camera.width).all(), thing.name


def test_shadows_of_what_is_behind_are_seen():
    poses = np.tile(np.eye(4), (2, 1, 1))
    poses[:, :3, :3] = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])  # looks along +x
    from_behind, from_ahead = (View(poses, 0.7, shadow_of(45.0, azimuth)) for azimuth in (180.0, 0.0))
    assert from_behind.shadow == pytest.approx([1.0, 0.0], abs=1e-9)
    for view in (from_behind, from_ahead):
        assert view.shows((20.0, 0.0), 1.0, 2.0)
        assert not view.shows((-8.0, 0.0), 1.0, 2.0)
        assert not view.shows((5.0, 12.0), 1.0, 0.0)
    assert from_behind.shows((-8.0, 0.0), 1.0, 12.0)
    assert not from_ahead.shows((-8.0, 0.0), 1.0, 12.0)


def test_weather_reads_as_such():
    def day(elevation: float, clouds: float, extinction: float = 3e-5) -> Weather:
        rng = np.random.default_rng(0)
        return weather(rng, elevation_deg=elevation, azimuth_deg=0.0, clouds=clouds, extinction=extinction, brightness=0.45)

    clear, covered, low = day(50.0, 0.0), day(50.0, 1.0), day(8.0, 0.0)
    assert clear.sky.zenith[2] > 2 * clear.sky.zenith[0]
    assert clear.sky.horizon[2] > 1.5 * clear.sky.horizon[0]
    assert max(covered.sky.horizon) < 1.15 * min(covered.sky.horizon)
    assert not covered.lights
    noon, evening = (np.asarray(d.lights[0].irradiance) for d in (clear, low))
    assert evening[0] / evening[2] > 2 * noon[0] / noon[2]
    milky = day(50.0, 0.0, 2e-3)
    assert milky.sky.horizon[2] < 1.25 * milky.sky.horizon[0]


def test_one_follows_someone_in_half_of_the_streets_and_meets_someone_in_most():
    ahead = towards = 0
    for index in range(12):
        scene = street(index)
        pose = scene.camera_motion.at(0)
        for thing in scene.instances:
            if thing.motion.moves and thing.category in VEHICLES:
                offset = thing.motion.at(0)[:3, 3] - pose[:3, 3]
                speed = (thing.motion.poses[-1] - thing.motion.poses[0])[:3, 3] @ pose[:3, 2]
                ahead |= (speed > 0.05 and offset @ pose[:3, 2] > 0) << index
                towards |= (speed < -0.05) << index
    assert 3 <= ahead.bit_count() <= 9
    assert towards.bit_count() >= 5
