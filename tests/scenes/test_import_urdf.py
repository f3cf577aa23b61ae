"""URDF: poses of links agree with PyBullet's, shapes and colours are those of the file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from asset_files import shape_pieces, write_obj
from scipy.spatial.transform import Rotation

from scenes import shapes
from scenes.errors import UserError
from scenes.importers import AssetWarning
from scenes.importers.collection import Collection
from scenes.importers.urdf import import_urdf, link_poses
from scenes.physics.world import engine
from scenes.scene import Shape

MASS = '<mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/>'
ROBOT = f"""<robot name="arm">
<material name="blue"><color rgba="0 0 1 1"/></material>
<link name="base"><inertial><origin xyz="0.1 0.2 0.3"/>{MASS}</inertial>
  <visual><origin xyz="0 0 0.05"/><geometry><box size="0.4 0.3 0.1"/></geometry><material name="blue"/></visual></link>
<link name="upper"><inertial><origin xyz="0 0 0.2" rpy="0.1 0 0"/>{MASS}</inertial>
  <visual><origin xyz="0.1 0.02 0.25" rpy="0.3 0.2 0.1"/><geometry><cylinder radius="0.05" length="0.5"/></geometry></visual>
  <visual><origin xyz="0 0 0.5"/><geometry><sphere radius="0.08"/></geometry>
    <material name="red"><color rgba="1 0 0 1"/></material></visual></link>
<link name="slider"><inertial>{MASS}</inertial></link>
<link name="hand"><inertial>{MASS}</inertial>
  <visual><geometry><mesh filename="meshes/mug.obj" scale="2 2 2"/></geometry></visual></link>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0.1 0.1" rpy="0.1 0.2 0.3"/>
  <axis xyz="0 1 1"/><limit lower="-2" upper="2" effort="1" velocity="1"/></joint>
<joint name="lift" type="prismatic"><parent link="upper"/><child link="slider"/><origin xyz="0 0 0.6" rpy="0 0 1"/>
  <axis xyz="1 0 0"/><limit lower="0" upper="1" effort="1" velocity="1"/></joint>
<joint name="wrist" type="fixed"><parent link="slider"/><child link="hand"/><origin xyz="0.1 0 0" rpy="0 0.5 0"/></joint>
</robot>"""


@pytest.fixture
def robot(tmp_path: Path) -> Path:
    write_obj(tmp_path / "meshes" / "mug.obj", shape_pieces(Shape.of("mug")))
    (tmp_path / "arm.urdf").write_text(ROBOT)
    return tmp_path / "arm.urdf"


def test_links_are_where_pybullet_has_them(robot: Path) -> None:
    p = engine()
    client = p.connect(p.DIRECT)
    try:
        body = p.loadURDF(str(robot), useFixedBase=True, physicsClientId=client)
        p.resetJointState(body, 0, 0.7, physicsClientId=client)
        p.resetJointState(body, 1, 0.25, physicsClientId=client)
        states = {
            p.getJointInfo(body, k, physicsClientId=client)[12].decode(): p.getLinkState(
                body, k, computeForwardKinematics=True, physicsClientId=client
            )
            for k in range(p.getNumJoints(body, physicsClientId=client))
        }
        # PyBullet puts the centre of mass of the root link where it is loaded, we the link's own frame.
        base, _ = p.getBasePositionAndOrientation(body, physicsClientId=client)
        offset = np.asarray(base) - p.getDynamicsInfo(body, -1, physicsClientId=client)[3]
    finally:
        p.disconnect(client)
    poses = link_poses(robot, {"shoulder": 0.7, "lift": 0.25})
    assert set(states) == {"upper", "slider", "hand"}
    for link, state in states.items():
        np.testing.assert_allclose(poses[link][:3, 3] + offset, state[4], atol=1e-6)
        np.testing.assert_allclose(poses[link][:3, :3], Rotation.from_quat(state[5]).as_matrix(), atol=1e-6)


def test_each_visible_link_is_one_instance_with_its_colours(robot: Path) -> None:
    into = Collection()
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssetWarning)
        import_urdf(robot, into, pose=np.array([[1, 0, 0, 5.0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]))
    assert [i.name for i in into.instances] == ["arm/base", "arm/upper", "arm/hand"]
    base, upper, hand = into.instances
    assert into.materials[base.materials[0]].color == (0.0, 0.0, 1.0)
    assert into.materials[upper.materials[1]].color == (1.0, 0.0, 0.0)
    mesh = shapes.build(base.shape)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), (0.2, 0.15, 0.1), atol=1e-6)
    np.testing.assert_allclose(base.motion.at(0)[:3, 3], (5.0, 0.0, 1.0))
    rim = Rotation.from_euler("xyz", (0.3, 0.2, 0.1)).apply((0.05, 0.0, 0.25))
    corner = np.add(rim, (0.1, 0.02, 0.25))
    cylinder = shapes.build(upper.shape)
    assert np.linalg.norm(cylinder.vertices[np.unique(cylinder.faces[cylinder.slots == 0])] - corner, axis=1).min() < 1e-5
    y_up = np.array([2.0, 2.0, 2.0]) * np.array(shapes.size(Shape.of("mug")))[[0, 2, 1]]  # URDF takes meshes as they are
    np.testing.assert_allclose(shapes.size(hand.shape), y_up, rtol=1e-4)


def test_a_missing_mesh_is_named_and_the_rest_is_there(robot: Path) -> None:
    (robot.parent / "meshes" / "mug.obj").unlink()
    into = Collection()
    with pytest.warns(AssetWarning, match=r"arm\.urdf: link 'hand': left out a visual: file .*mug\.obj is not there"):
        import_urdf(robot, into)
    assert [i.name for i in into.instances] == ["arm/base", "arm/upper"]


BAD = {
    "is broken: it is no XML": "<robot",
    "it has no <robot> with <link>s": "<model/>",
    "it has 2 links without a parent joint": '<robot name="r"><link name="a"/><link name="b"/></robot>',
}


@pytest.mark.parametrize("sentence", BAD)
def test_what_is_no_robot_is_refused(tmp_path: Path, sentence: str) -> None:
    (tmp_path / "bad.urdf").write_text(BAD[sentence])
    with pytest.raises(UserError, match=sentence):
        import_urdf(tmp_path / "bad.urdf", Collection())


def test_unknown_joints_are_refused(robot: Path) -> None:
    with pytest.raises(UserError, match="has no joint elbow: it has lift, shoulder, wrist"):
        import_urdf(robot, Collection(), joints={"elbow": 1.0})
