"""The messages of SceneNet RGB-D's trajectory files, built at run time: no compiler, and nothing is read from elsewhere.

Names, numbers and types of the fields are those of `scenenet.proto` in github.com/jmccormac/pySceneNetRGBD (proto2, package `scenenet`).
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from scenes.errors import UserError

ENUMS = {
    "SceneLayout.LayoutType": "BATHROOM BEDROOM KITCHEN LIVING_ROOM OFFICE",
    "LightInfo.LightType": "SPHERE PARALLELOGRAM",
    "Instance.InstanceType": "BACKGROUND LAYOUT_OBJECT LIGHT_OBJECT RANDOM_OBJECT",
}  # values count from 1
_MATRIX = [f"rotation_mat{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
# Message -> its fields in order of their numbers, which count from 1. `*` stands for repeated.
MESSAGES = {
    "SceneLayout": "layout_type:SceneLayout.LayoutType model:string",
    "LightInfo": "light_type:LightInfo.LightType",
    "RandomObjectInfo.Transformation": " ".join(f"{name}:float" for name in ("translation_x", "translation_y", "translation_z", *_MATRIX)),
    "RandomObjectInfo": "shapenet_hash:string height_meters:float object_pose:RandomObjectInfo.Transformation",
    "Instance": "instance_id:int32 semantic_wordnet_id:string semantic_english:string instance_type:Instance.InstanceType "
    "light_info:LightInfo object_info:RandomObjectInfo",
    "Position": "x:float y:float z:float",
    "Pose": "camera:Position lookat:Position timestamp:float",
    "View": "frame_num:int32 shutter_open:Pose shutter_close:Pose",
    "Trajectory": "layout:SceneLayout instances:Instance* views:View* render_path:string",
    "Trajectories": "trajectories:Trajectory*",
}


@lru_cache(maxsize=1)
def messages() -> Any:
    """A namespace of the message classes by name, e.g. `messages().Trajectories`. Raises UserError when protobuf is not installed."""
    try:
        from google.protobuf import descriptor_pool, message_factory
    except ImportError as error:
        raise UserError("the scenenet format needs protobuf: pip install simlearn[export]") from error
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    top = [name for name in MESSAGES if "." not in name]
    classes = {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"scenenet.{name}")) for name in top}
    return SimpleNamespace(**classes)


def _file() -> Any:
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(name="scenenet.proto", package="scenenet", syntax="proto2")
    made: dict[str, Any] = {}
    for path in sorted(MESSAGES, key=lambda path: path.count(".")):  # outer messages first
        outer, _, name = path.rpartition(".")
        made[path] = (made[outer].nested_type if outer else file.message_type).add(name=name)
    for path, values in ENUMS.items():
        outer, _, name = path.rpartition(".")
        enum = made[outer].enum_type.add(name=name)
        for number, value in enumerate(values.split(), start=1):
            enum.value.add(name=value, number=number)
    for path, fields in MESSAGES.items():
        for number, text in enumerate(fields.split(), start=1):
            _add_field(made[path].field.add(number=number), *text.split(":"))
    return file


def _add_field(field: Any, name: str, kind: str) -> None:
    field.name = name
    field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
    kind = kind.removesuffix("*")
    if kind in MESSAGES or kind in ENUMS:
        field.type = field.TYPE_ENUM if kind in ENUMS else field.TYPE_MESSAGE
        field.type_name = f".scenenet.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
