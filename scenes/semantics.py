"""Category names and their ids in the label spaces of the field."""

from __future__ import annotations

from scenes.errors import UserError

# NYUv2 40-class list (Gupta et al. 2013), ids 1 ... 40; 0 is "no label".
NYU40 = (
    "unlabelled wall floor cabinet bed chair sofa table door window bookshelf picture counter blinds desk shelves curtain dresser "
    "pillow mirror floor_mat clothes ceiling books refrigerator television paper towel shower_curtain box whiteboard person "
    "night_stand toilet sink lamp bathtub bag otherstructure otherfurniture otherprop"
).split()

# Category of an object -> NYU40 class. Categories that bear an NYU40 name map to it without a line here.
_TO_NYU40 = {
    "armchair": "chair",
    "stool": "chair",
    "coffee_table": "table",
    "rug": "floor_mat",
    "plant": "otherprop",
    "vase": "otherprop",
    "bowl": "otherprop",
    "ball": "otherprop",
    "cushion": "pillow",
    "book": "books",
    "shelf": "shelves",
    "wardrobe": "cabinet",
    "nightstand": "night_stand",
    "radiator": "otherstructure",
    "monitor": "television",
    "laptop": "otherprop",
    "mug": "otherprop",
    "clock": "otherprop",
    "stove": "otherfurniture",
    "range_hood": "otherprop",
    "washing_machine": "otherfurniture",
    "dishwasher": "otherfurniture",
    "shower": "otherstructure",
    "coat_rack": "otherfurniture",
    "lawn": "otherstructure",
    "field": "otherstructure",
    "hedge": "otherstructure",
    "tree": "otherprop",
    "pedestrian": "person",
    "rider": "person",
    "car": "otherprop",
    "van": "otherprop",
    "truck": "otherprop",
    "bus": "otherprop",
    "motorcycle": "otherprop",
    "bicycle": "otherprop",
    "flying": "otherprop",
    "umbrella_stand": "otherprop",
    "ottoman": "otherfurniture",
    "bench": "otherfurniture",
    "package": "box",
    "shoes": "clothes",
    "microwave": "otherprop",
    "kettle": "otherprop",
    "toaster": "otherprop",
    "pot": "otherprop",
    "pan": "otherprop",
    "plate": "otherprop",
    "glass": "otherprop",
    "bottle": "otherprop",
    "teapot": "otherprop",
    "knife_block": "otherprop",
    "basket": "otherprop",
    "waste_bin": "otherprop",
    "candle": "otherprop",
    "photo_frame": "otherprop",
    "tissue_box": "otherprop",
    "vacuum_cleaner": "otherprop",
    "speaker": "otherprop",
    "keyboard": "otherprop",
    "computer_mouse": "otherprop",
    "telephone": "otherprop",
    "printer": "otherprop",
    "pen_holder": "otherprop",
    "globe": "otherprop",
    "toy": "otherprop",
    "guitar": "otherprop",
}


# Cityscapes label ids 0 ... 33 (github.com/mcordts/cityscapesScripts, `labels.py`); KITTI's semantic benchmark uses the same.
CITYSCAPES = (
    "unlabeled,ego vehicle,rectification border,out of roi,static,dynamic,ground,road,sidewalk,parking,rail track,building,wall,fence,"
    "guard rail,bridge,tunnel,pole,polegroup,traffic light,traffic sign,vegetation,terrain,sky,person,rider,car,truck,bus,caravan,"
    "trailer,train,motorcycle,bicycle"
).split(",")

# Category of an object -> Cityscapes class.
_TO_CITYSCAPES = {
    "van": "car",
    "lane_marking": "road",
    "junction": "road",
    "kerb": "sidewalk",
    "pavement": "sidewalk",
    "lawn": "terrain",
    "field": "terrain",
    "tree": "vegetation",
    "hedge": "vegetation",
    "bush": "vegetation",
    "house": "building",
    "garden_wall": "wall",
    "guard_rail": "guard rail",
    "street_lamp": "pole",
    "bollard": "pole",
    "traffic_light": "traffic light",
    "traffic_sign": "traffic sign",
    "cyclist": "rider",
    "pedestrian": "person",
    "bench": "static",
    "bin": "static",
    "post_box": "static",
    "hydrant": "static",
    "bus_stop": "static",
    "parking_meter": "pole",
    "billboard": "static",
    "electricity_box": "static",
    "wheelie_bin": "static",
    "planter": "static",
    "bicycle_stand": "static",
    "flying": "dynamic",
}
_SPACES = {"nyu40": (NYU40, _TO_NYU40, "unlabelled"), "cityscapes": (CITYSCAPES, _TO_CITYSCAPES, "sky")}
LABEL_SPACES = tuple(_SPACES)


def class_names(label_space: str) -> tuple[str, ...]:
    """Names of the semantic ids 0, 1, ... of a label space."""
    if label_space not in _SPACES:
        raise UserError(f"unknown label space {label_space!r}: known are {', '.join(_SPACES)}")
    return tuple(_SPACES[label_space][0])


def semantic_id(category: str, label_space: str) -> int:
    """Semantic id of an object category; UserError when the label space has no class for it."""
    names = class_names(label_space)
    name = _SPACES[label_space][1].get(category, category)
    if name not in names:
        raise UserError(f"category {category!r} has no class in label space {label_space}: add it to scenes/semantics.py")
    return names.index(name)


def has_class(category: str, label_space: str) -> bool:
    """Whether the label space has a class for an object category."""
    return _SPACES[label_space][1].get(category, category) in class_names(label_space)


def background_id(label_space: str) -> int:
    """Semantic id of what no object covers: the sky where the label space has one, else 0."""
    return class_names(label_space).index(_SPACES[label_space][2])
