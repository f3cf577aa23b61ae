"""Which classes are things, countable objects, and which are stuff, like walls and road: the distinction of panoptic segmentation."""

from __future__ import annotations

from scenes.semantics import class_names

# What encloses a room, as panoptic work on NYUv2 and ScanNet has it, with the class of built-in remains.
_NYU40_STUFF = frozenset({"unlabelled", "wall", "floor", "ceiling", "otherstructure"})
# Classes with `hasInstances` in cityscapesScripts' labels.py.
_CITYSCAPES_THINGS = frozenset({"person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle", "bicycle"})


def are_things(label_space: str) -> tuple[bool, ...]:
    """For each class id of a label space whether its objects are things; UserError for an unknown label space."""
    names = class_names(label_space)
    if label_space == "nyu40":
        return tuple(name not in _NYU40_STUFF for name in names)
    return tuple(name in _CITYSCAPES_THINGS for name in names)
