"""Ways to run the tasks of a data set. Each is a function `run(function, tasks, workers, address) -> generator of results`.

Owns: processes and machines. Does not own: what a task does; it must not depend on where or next to what it runs.
"""

from scenes.registry import Registry

ENGINES = Registry(
    "engine",
    {
        "local": "simlearn.workers:run_tasks",
        "ray": "simlearn.ray_engine:run_tasks",
    },
)
