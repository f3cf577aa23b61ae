"""Parametric meshes: a `Shape` names a builder and its parameters, `build` makes the mesh.

Conventions of object space, for all shapes but the plain solids in `primitives` (which are centred on the origin):

- metres, z up, z = 0 the bottom; the front faces -y.
- What stands, lies or hangs from the ceiling has its origin at the centre of its footprint.
- What hangs on a wall (`is_wall_hung`) has the wall's surface as y = 0 and reaches into the room towards -y; x = 0 is its middle.
- `width`, `depth` and `height` are the bounding box along x, y and z, exactly; a missing depth equals the width, a missing height too.
  Parts of the building (`architecture`) take the room's or the opening's measures instead.
- Every connected component is closed and faces outwards, and no two faces coincide.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.registry import Registry
from scenes.scene import Material, Mesh, Shape
from scenes.shapes.memory import Kept

SHAPES = Registry(
    "shape",
    {
        "mesh_file": "scenes.importers.meshes:mesh_file",
        "urdf_link": "scenes.importers.urdf:urdf_link",
        "box": "scenes.shapes.primitives:box",
        "sphere": "scenes.shapes.primitives:sphere",
        "cylinder": "scenes.shapes.primitives:cylinder",
        "plane": "scenes.shapes.primitives:plane",
        "chair": "scenes.shapes.seating:chair",
        "office_chair": "scenes.shapes.seating:office_chair",
        "stool": "scenes.shapes.seating:stool",
        "sofa": "scenes.shapes.seating:sofa",
        "bed": "scenes.shapes.seating:bed",
        "table": "scenes.shapes.tables:table",
        "round_table": "scenes.shapes.tables:round_table",
        "desk": "scenes.shapes.tables:desk",
        "bookshelf": "scenes.shapes.storage:bookshelf",
        "cabinet": "scenes.shapes.storage:cabinet",
        "book_row": "scenes.shapes.storage:book_row",
        "book_stack": "scenes.shapes.storage:book_stack",
        "kitchen_counter": "scenes.shapes.kitchen:kitchen_counter",
        "kitchen_sink_counter": "scenes.shapes.kitchen:kitchen_sink_counter",
        "wall_cabinet": "scenes.shapes.kitchen:wall_cabinet",
        "stove": "scenes.shapes.kitchen:stove",
        "refrigerator": "scenes.shapes.kitchen:refrigerator",
        "range_hood": "scenes.shapes.kitchen:range_hood",
        "washing_machine": "scenes.shapes.kitchen:washing_machine",
        "dishwasher": "scenes.shapes.kitchen:dishwasher",
        "toilet": "scenes.shapes.bathroom:toilet",
        "washbasin": "scenes.shapes.bathroom:washbasin",
        "bathtub": "scenes.shapes.bathroom:bathtub",
        "shower": "scenes.shapes.bathroom:shower",
        "mirror": "scenes.shapes.bathroom:mirror",
        "towel_rail": "scenes.shapes.bathroom:towel_rail",
        "shoe_cabinet": "scenes.shapes.storage:shoe_cabinet",
        "coat_rack": "scenes.shapes.household:coat_rack",
        "microwave": "scenes.shapes.cookware:microwave",
        "kettle": "scenes.shapes.cookware:kettle",
        "toaster": "scenes.shapes.cookware:toaster",
        "pot": "scenes.shapes.cookware:pot",
        "frying_pan": "scenes.shapes.cookware:frying_pan",
        "plate": "scenes.shapes.cookware:plate",
        "glass": "scenes.shapes.cookware:glass",
        "bottle": "scenes.shapes.cookware:bottle",
        "teapot": "scenes.shapes.cookware:teapot",
        "fruit_bowl": "scenes.shapes.cookware:fruit_bowl",
        "knife_block": "scenes.shapes.cookware:knife_block",
        "package": "scenes.shapes.cookware:package",
        "basket": "scenes.shapes.household:basket",
        "laundry_basket": "scenes.shapes.household:laundry_basket",
        "waste_bin": "scenes.shapes.household:waste_bin",
        "handbag": "scenes.shapes.household:handbag",
        "backpack": "scenes.shapes.household:backpack",
        "shoes": "scenes.shapes.household:shoes",
        "candle": "scenes.shapes.household:candle",
        "photo_frame": "scenes.shapes.household:photo_frame",
        "tissue_box": "scenes.shapes.household:tissue_box",
        "umbrella_stand": "scenes.shapes.household:umbrella_stand",
        "vacuum_cleaner": "scenes.shapes.household:vacuum_cleaner",
        "speaker": "scenes.shapes.devices:speaker",
        "keyboard": "scenes.shapes.devices:keyboard",
        "computer_mouse": "scenes.shapes.devices:computer_mouse",
        "telephone": "scenes.shapes.devices:telephone",
        "alarm_clock": "scenes.shapes.devices:alarm_clock",
        "printer": "scenes.shapes.devices:printer",
        "book": "scenes.shapes.devices:book",
        "open_book": "scenes.shapes.devices:open_book",
        "pen_holder": "scenes.shapes.devices:pen_holder",
        "paper_stack": "scenes.shapes.devices:paper_stack",
        "toy_blocks": "scenes.shapes.toys:toy_blocks",
        "teddy": "scenes.shapes.toys:teddy",
        "toy_car": "scenes.shapes.toys:toy_car",
        "toy_train": "scenes.shapes.toys:toy_train",
        "rubber_duck": "scenes.shapes.toys:rubber_duck",
        "stacking_rings": "scenes.shapes.toys:stacking_rings",
        "guitar": "scenes.shapes.toys:guitar",
        "globe": "scenes.shapes.toys:globe",
        "blinds": "scenes.shapes.soft:blinds",
        "shower_curtain": "scenes.shapes.soft:shower_curtain",
        "towel_stack": "scenes.shapes.soft:towel_stack",
        "ottoman": "scenes.shapes.seating:ottoman",
        "hall_bench": "scenes.shapes.seating:hall_bench",
        "coat_hooks": "scenes.shapes.household:coat_hooks",
        "floor_lamp": "scenes.shapes.lamps:floor_lamp",
        "table_lamp": "scenes.shapes.lamps:table_lamp",
        "pendant": "scenes.shapes.lamps:pendant",
        "ceiling_dome": "scenes.shapes.lamps:ceiling_dome",
        "cushion": "scenes.shapes.soft:cushion",
        "pillow": "scenes.shapes.soft:pillow",
        "rug": "scenes.shapes.soft:rug",
        "round_rug": "scenes.shapes.soft:round_rug",
        "curtains": "scenes.shapes.soft:curtains",
        "picture": "scenes.shapes.decor:picture",
        "plant": "scenes.shapes.decor:plant",
        "vase": "scenes.shapes.decor:vase",
        "bowl": "scenes.shapes.decor:bowl",
        "mug": "scenes.shapes.decor:mug",
        "ball": "scenes.shapes.decor:ball",
        "television": "scenes.shapes.decor:television",
        "laptop": "scenes.shapes.decor:laptop",
        "carton": "scenes.shapes.decor:carton",
        "clock": "scenes.shapes.decor:clock",
        "slab": "scenes.shapes.ground:slab",
        "dashes": "scenes.shapes.ground:dashes",
        "hill": "scenes.shapes.ground:hill",
        "floor": "scenes.shapes.architecture:floor",
        "ceiling": "scenes.shapes.architecture:ceiling",
        "wall": "scenes.shapes.architecture:wall",
        "door": "scenes.shapes.architecture:door",
        "doorway": "scenes.shapes.doors:doorway",
        "door_leaf": "scenes.shapes.doors:door_leaf",
        "splashback": "scenes.shapes.panels:splashback",
        "window": "scenes.shapes.architecture:window",
        "radiator": "scenes.shapes.architecture:radiator",
        "tree": "scenes.shapes.vegetation:tree",
        "conifer": "scenes.shapes.vegetation:conifer",
        "bare_tree": "scenes.shapes.vegetation:bare_tree",
        "bush": "scenes.shapes.vegetation:bush",
        "hedge": "scenes.shapes.vegetation:hedge",
        "tree_line": "scenes.shapes.vegetation:tree_line",
        "grass_tuft": "scenes.shapes.vegetation:grass_tuft",
        "flower_bed": "scenes.shapes.vegetation:flower_bed",
        "street_lamp": "scenes.shapes.street_furniture:street_lamp",
        "traffic_light": "scenes.shapes.street_furniture:traffic_light",
        "traffic_sign": "scenes.shapes.street_furniture:traffic_sign",
        "direction_sign": "scenes.shapes.street_furniture:direction_sign",
        "pole": "scenes.shapes.street_furniture:pole",
        "bollard": "scenes.shapes.street_furniture:bollard",
        "hydrant": "scenes.shapes.street_furniture:hydrant",
        "parking_meter": "scenes.shapes.street_furniture:parking_meter",
        "park_bench": "scenes.shapes.street_objects:park_bench",
        "litter_bin": "scenes.shapes.street_objects:litter_bin",
        "post_box": "scenes.shapes.street_objects:post_box",
        "bus_stop": "scenes.shapes.street_objects:bus_stop",
        "billboard": "scenes.shapes.street_objects:billboard",
        "advertising_column": "scenes.shapes.street_objects:advertising_column",
        "electricity_box": "scenes.shapes.street_objects:electricity_box",
        "wheelie_bin": "scenes.shapes.street_objects:wheelie_bin",
        "planter": "scenes.shapes.street_objects:planter",
        "bicycle_stand": "scenes.shapes.street_objects:bicycle_stand",
        "fence": "scenes.shapes.barriers:fence",
        "picket_fence": "scenes.shapes.barriers:picket_fence",
        "board_fence": "scenes.shapes.barriers:board_fence",
        "railing": "scenes.shapes.barriers:railing",
        "chain_fence": "scenes.shapes.barriers:chain_fence",
        "guard_rail": "scenes.shapes.barriers:guard_rail",
        "garden_wall": "scenes.shapes.barriers:garden_wall",
        "gate": "scenes.shapes.barriers:gate",
        "car": "scenes.shapes.vehicles:car",
        "detached_house": "scenes.shapes.buildings:detached_house",
        "terraced_house": "scenes.shapes.buildings:terraced_house",
        "apartment_block": "scenes.shapes.buildings:apartment_block",
        "shop": "scenes.shapes.halls:shop",
        "office_block": "scenes.shapes.halls:office_block",
        "warehouse": "scenes.shapes.halls:warehouse",
        "garage": "scenes.shapes.halls:garage",
        "church": "scenes.shapes.halls:church",
        "van": "scenes.shapes.vehicles:van",
        "bus": "scenes.shapes.vehicles:bus",
        "truck": "scenes.shapes.vehicles:truck",
        "pedestrian": "scenes.shapes.people:pedestrian",
        "rider": "scenes.shapes.people:rider",
        "bicycle": "scenes.shapes.cycles:bicycle",
        "motorcycle": "scenes.shapes.cycles:motorcycle",
    },
)


def _built(shape: Shape) -> Mesh:
    mesh: Mesh = SHAPES[shape.kind](**dict(shape.parameters))
    return mesh


build = Kept(_built, megabytes=42)
"""`build(shape)` is the mesh of a recipe. Its arrays are read-only and shared; some meshes are kept."""


@lru_cache
def roles(kind: str) -> tuple[str, ...]:
    """What the material slots of a shape are for, in order, for example ("wood", "seat")."""
    names: tuple[str, ...] = SHAPES[kind].roles
    return names


def own_materials(shape: Shape) -> tuple[Material, ...]:
    """Materials that a shape brings along (a mesh file), one for each slot; empty where `roles` says what the slots are for."""
    find = getattr(SHAPES[shape.kind], "own_materials", None)
    found: tuple[Material, ...] = find(shape) if find else ()
    return found


@lru_cache
def is_wall_hung(kind: str) -> bool:
    """Whether y = 0 is the surface of a wall behind the shape."""
    return bool(SHAPES[kind].wall_hung)


@lru_cache(maxsize=512)
def _defaults(kind: str) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(SHAPES[kind]).parameters.items()}


def takes(kind: str, parameter: str) -> bool:
    """Whether a shape has a parameter of that name."""
    return parameter in _defaults(kind)


def is_mast(kind: str) -> bool:
    """Whether the shape stands on a pole at its origin, which is all the ground it needs: such shapes have no `width`."""
    return takes(kind, "height") and not takes(kind, "width")


@lru_cache(maxsize=4096)
def size(shape: Shape) -> tuple[float, float, float]:
    """Bounding box (x, y, z) in metres: of a shape with a `width` without building it, of others measured on the mesh."""
    values: dict[str, Any] = {**_defaults(shape.kind), **dict(shape.parameters)}
    if "width" not in values:
        vertices = build(shape).vertices
        x, y, z = (float(k) for k in vertices.max(axis=0) - vertices.min(axis=0))
        return x, y, z
    width = float(values["width"])
    return width, float(values.get("depth", width)), float(values.get("height", width))


@lru_cache(maxsize=8192)
def _measures(shape: Shape) -> tuple[int, NDArray[np.float64]]:
    """Number of triangles, and lowest and highest corner [2, 3]: remembered for longer than the mesh itself."""
    mesh = build(shape)
    corners = np.stack([mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)]).astype(np.float64)
    corners.setflags(write=False)
    return len(mesh.faces), corners


def bounds(shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner [3] of the mesh in object space, metres."""
    low, high = _measures(shape)[1]
    return low, high


def triangles(shape: Shape) -> int:
    """How many triangles the mesh has."""
    return _measures(shape)[0]
