"""The registry of scene families: name -> module with `Config` and `sample(config, streams)`."""

from scenes.registry import Registry

FAMILIES = Registry(
    "scene family",
    {
        "rooms": "scenes.rooms",
    },
)
