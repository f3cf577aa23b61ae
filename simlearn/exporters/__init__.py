"""Formats that other programs read. Each is a function `export(data, out, *, labels=(), progress=True) -> Path` named in the registry.

Owns: names, units and layouts of files made for other programs. Does not own: the native format (`simlearn.shards`).
"""

from scenes.registry import Registry

EXPORTERS = Registry(
    "export format",
    {
        "numpy": "simlearn.exporters.numpy:export",
        "kitti": "simlearn.exporters.kitti:export",
        "sintel": "simlearn.exporters.sintel:export",
        "flyingchairs": "simlearn.exporters.flyingchairs:export",
        "flyingthings": "simlearn.exporters.flyingthings:export",
        "vkitti": "simlearn.exporters.vkitti:export",
        "coco": "simlearn.exporters.coco:export",
        "tum": "simlearn.exporters.tum:export",
        "tartanair": "simlearn.exporters.tartanair:export",
        "scenenet": "simlearn.exporters.scenenet:export",
        "webdataset": "simlearn.exporters.webdataset:export",
    },
)
