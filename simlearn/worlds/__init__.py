"""What a scene family looks like and how its statistics compare with reality: contact sheet, histograms, soundness of every scene.

Owns: sampling and rendering n scenes, their statistics, those of real data, and the pictures of both. Does not own: data sets on disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.progress import FrameProgress
from simlearn.provenance import commit, sync_folder, write_json_atomic
from simlearn.settings import family_config
from simlearn.worlds.facts import SceneFacts, observe
from simlearn.worlds.pictures import contact_sheet, histogram_page
from simlearn.worlds.reference import references
from simlearn.worlds.summary import Summary, summarise

FRAMES_SEEN = 3  # first, middle and last of each clip
SHEET_SCENES, SHEET_COLUMNS = 24, 4


def survey(
    family: str,
    out: Path,
    *,
    scenes: int,
    frames: int,
    width: int,
    height: int,
    seed: int,
    settings: Mapping[str, str],
    renderer: str = "raster",
    say: Callable[[str], None] = print,
) -> Summary:
    """Sample and render `scenes` scenes; write `worlds.json`, `sheet.png` and `histograms.png` to `out`; return what was found.

    Interrupted, it goes on where it was: each scene's facts are kept in `scenes.jsonl` as soon as they are known.
    """
    if scenes < 1:
        raise UserError(f"{scenes} scenes are none: ask for at least 1")
    config = family_config(family, settings, frames=frames, width=width, height=height)
    out.mkdir(parents=True, exist_ok=True)
    question = {"family": family, "config": repr(config), "seed": seed, "renderer": renderer}
    known = _known(out / "scenes.jsonl", question)
    facts: list[SceneFacts] = []
    with FrameProgress(f"worlds of {family}", scenes * FRAMES_SEEN) as progress, (out / "scenes.jsonl").open("a") as log:
        for index in range(scenes):
            if index in known and (index >= SHEET_SCENES or (out / _tile(index)).exists()):
                facts.append(known[index])
            else:
                started = time.process_time()
                scene = FAMILIES[family].sample(config, Streams(seed, index))
                sampled = time.process_time() - started
                found = observe(scene, renderer, sampled, picture=out / _tile(index) if index < SHEET_SCENES else None)
                log.write(json.dumps({"question": question, **asdict(found)}) + "\n")
                log.flush()
                facts.append(found)
            progress.advance(FRAMES_SEEN)
    summary = summarise(facts)
    real = references(FAMILIES[family].LABEL_SPACE)
    write_json_atomic(out / "worlds.json", {**question, "commit": commit(), **asdict(summary), "real": {r.name: r.facts() for r in real}})
    contact_sheet([out / _tile(k) for k in range(min(scenes, SHEET_SCENES))], out / "sheet.png", SHEET_COLUMNS)
    histogram_page(family, facts, summary, real, out / "histograms.png")
    sync_folder(out)
    for line in summary.lines():
        say(line)
    say(f"written: {out / 'sheet.png'}, {out / 'histograms.png'}, {out / 'worlds.json'}")
    return summary


def _tile(index: int) -> str:
    return f"tiles/{index:03d}.png"


def _known(path: Path, question: dict[str, Any]) -> dict[int, SceneFacts]:
    """Facts of an earlier run that asked the same; lines cut short by an interruption are left out."""
    known = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry.pop("question", None) == question:
            known[int(entry["index"])] = SceneFacts(**entry)
    return known
