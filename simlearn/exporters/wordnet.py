"""WordNet ids of indoor categories: the nouns, as offsets in WordNet 3.0, by which SceneNet RGB-D and ShapeNet name what things are.

But for people, only nouns that SceneNet RGB-D's own conversion to the 13 classes of NYUv2 knows (`semantic_classes/wnid_to_class.txt` in
github.com/jmccormac/pySceneNetRGBD), so that it works on what is exported.
"""

from __future__ import annotations

from scenes.semantics import class_names

# By class of NYU40. What has no noun of its own is a decoration, or furniture.
_CLASSES = {
    "wall": 4546855, "floor": 3365592, "cabinet": 2933112, "bed": 3962852, "chair": 3001627, "sofa": 4256520, "table": 4379243,
    "door": 3221720, "window": 4587648, "bookshelf": 2871439, "picture": 3876519, "counter": 3116530, "blinds": 2851099, "desk": 3179701,
    "shelves": 4190052, "curtain": 3151077, "dresser": 3237340, "pillow": 3938244, "mirror": 3773035, "floor_mat": 3727837,
    "clothes": 3309808, "ceiling": 2990373, "books": 6410904, "refrigerator": 3273913, "television": 6277280, "paper": 14974264,
    "towel": 4459362, "shower_curtain": 3151077, "box": 2883344, "whiteboard": 3169390, "night_stand": 2933112, "toilet": 4446276,
    "sink": 4223580, "lamp": 3636649, "bathtub": 2808440, "bag": 2773838, "otherstructure": 3169390, "otherfurniture": 3405725,
    "otherprop": 3169390, "person": 7846,
}  # fmt: skip
# By category, where that says more than the class.
_CATEGORIES = {
    "armchair": 2738535, "coffee_table": 3063968, "rug": 4118021, "plant": 17222, "vase": 4522168, "bowl": 2880940, "wardrobe": 4550184,
    "monitor": 3782190, "laptop": 3642806, "mug": 3797390, "clock": 3046257, "stove": 4330267, "washing_machine": 4554684,
    "dishwasher": 3207941, "shower": 4209613, "bench": 2828884, "microwave": 3761084, "kettle": 3612814, "pot": 3990474, "plate": 3959485,
    "glass": 3438257, "bottle": 2876657, "teapot": 4398044, "basket": 2801938, "waste_bin": 2747177, "speaker": 3691459,
    "keyboard": 3085013, "telephone": 4401088, "printer": 4004475, "pen_holder": 3525454, "guitar": 3467517,
}  # fmt: skip


def wordnet_id(category: str, class_id: int, label_space: str) -> str:
    """Eight digits for an object's category and class in a label space; "" where none is known, as outdoors."""
    if label_space != "nyu40":
        return ""
    offset = _CATEGORIES.get(category) or _CLASSES.get(class_names(label_space)[class_id])
    return f"{offset:08d}" if offset else ""
