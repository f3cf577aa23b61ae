"""The registry of scene families: name -> module with `Config` and `sample(config, streams)`."""

from scenes.registry import Registry

FAMILIES = Registry(
    "scene family",
    {
        "rooms": "scenes.rooms",
        "houses": "scenes.houses",
        "streets": "scenes.streets",
        "flying": "scenes.flying",
        "suncg": "scenes.importers.suncg",
        "scenenet": "scenes.importers.scenenet",
    },
)

# Families that read a user's folder, so that their default settings have nothing to show.
FROM_FILES = ("suncg", "scenenet")
