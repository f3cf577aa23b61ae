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
}


def class_names(label_space: str) -> tuple[str, ...]:
    """Names of the semantic ids 0, 1, ... of a label space."""
    if label_space != "nyu40":
        raise UserError(f"unknown label space {label_space!r}: known is nyu40")
    return tuple(NYU40)


def semantic_id(category: str, label_space: str) -> int:
    """Semantic id of an object category; UserError when the label space has no class for it."""
    names = class_names(label_space)
    name = _TO_NYU40.get(category, category)
    if name not in names:
        raise UserError(f"category {category!r} has no class in label space {label_space}: add it to scenes/semantics.py")
    return names.index(name)
