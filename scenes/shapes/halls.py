"""Buildings for trade and work: shops with flats above, office blocks, warehouses and barns, garages, churches."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.building_parts import STACK_M, Glazing, Massing, Walls, door_leaf, doorway, on_the_ridge, raised, undressed
from scenes.shapes.buildings import parts_of
from scenes.shapes.facades import Frame, Opening, Slots, block, body, dressing, frames, merge, solids
from scenes.shapes.parts import Part
from scenes.shapes.roofs import lean_to, spire
from scenes.textures.facades import SIGN_BOARDS, SIGN_M

SIGN_DEPTH_M = 0.12
_GLAZED = ("facade", "plinth", "eaves", "window_glass", "window_curtain", "window_frame", "stone_trim")
_SHOP = (*_GLAZED, "roof", "chimney", "shop_front", "shop_sign", "awning")


def sign(frame: Frame, s: float, z: float, width: float, height: float, board: int) -> Slots:
    """A board before a wall that shows one of the writings of the sign_boards texture, which are SIGN_M[0] x SIGN_M[1], and its rim."""
    width = min(width, SIGN_M[0])
    back = solids(frame, [(s - width / 2, s + width / 2, z, z + height, -0.1, 0.03)])
    face = solids(frame, [(s - width / 2 + 0.04, s + width / 2 - 0.04, z + 0.04, z + height - 0.04, -SIGN_DEPTH_M, -0.06)])[0]
    along, up = (face.vertices - frame.origin) @ frame.along - s, (face.vertices[:, 2] - z) / height
    uvs = np.column_stack([along + SIGN_M[0] / 2, (board % SIGN_BOARDS + np.clip(up, 0.02, 0.98)) * SIGN_M[1]])
    return {"stone_trim": back, "shop_sign": [face.with_uvs(uvs)]}


def shop_massing(width: float, depth: float, roof: str, roof_pitch: float, awning: float, parapet: float) -> Massing:
    return Massing(
        width=width,
        depth=depth,
        roof=roof,
        pitch_deg=roof_pitch,
        overhang=0.1 if roof == "flat" else 0.35,
        verge=0.0,
        front=max(awning, SIGN_DEPTH_M),
        plinth=0.12,
        stack=parapet if roof == "flat" else STACK_M,
    )


@made_of("facade_town", *_SHOP[1:])
def shop(
    width: float = 8.0,
    depth: float = 11.0,
    height: float = 13.3,
    storeys: int = 3,
    bays: int = 3,
    window_width: float = 1.1,
    window_height: float = 1.55,
    shop_height: float = 2.7,
    sign_height: float = 0.65,
    awning: float = 1.1,
    door_position: float = 0.5,
    roof: str = "gable",
    roof_pitch: float = 36.0,
    parapet: float = 0.5,
    side_windows: int = 0,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """A shop: big panes between pilasters, a sign board, an awning of that depth (0: none), flats above; its sides are flush."""
    m = shop_massing(width, depth, roof, roof_pitch, awning, parapet)
    w, d = m.footprint
    storey = (height - m.beside_storeys - shop_height - sign_height - 0.35) / (storeys - 1)
    first = m.plinth + shop_height + sign_height + 0.35
    top = first + (storeys - 1) * storey + (parapet if roof == "flat" else 0.0)
    glazing = Glazing(width=window_width, height=window_height, panes=(1, 2))
    floors = [first + k * storey for k in range(storeys - 1)]
    walls = glazing.storeys((w, d, w, d), (bays, side_windows, bays, side_windows), floors, glazing.sill(storey), seed)
    front = frames(w, d)[0]
    openings, fittings = _shop_front(front, w, m.plinth, shop_height, door_position, detail)
    walls[0] += openings
    board = sign(front, w / 2, m.plinth + shop_height + 0.08, w - 0.3, sign_height, seed)
    extras: list[Slots] = [fittings, board]
    if awning > 0:
        low, high = m.plinth + shop_height - 0.45, m.plinth + shop_height + 0.05
        cloth = [
            lean_to(w - 0.8, awning, 0.5, 0.04, (0, -d / 2, high)),
            block(w - 0.82, 0.03, 0.22, (0, -d / 2 - awning + 0.02, low - 0.17)),
        ]
        extras.append({"awning": cloth})
    if roof != "flat":
        extras.append(on_the_ridge(m, top, height, 1, (0.38,)))
    walls = [walls[0], [undressed(o) for o in walls[1]], walls[2], [undressed(o) for o in walls[3]]]
    slots = merge(raised(m, walls, top, detail, lintel=0.2), *extras)
    return standing((width, depth, height), *parts_of(slots, _SHOP))


def _shop_front(frame: Frame, width: float, z: float, height: float, door_position: float, detail: int) -> tuple[list[Opening], Slots]:
    """Shop windows on both sides of a glazed door, and the painted woodwork about them."""
    edge, breadth = 0.35, 1.0
    middle = edge + breadth / 2 + door_position * (width - 2 * edge - breadth)
    spans = [(edge, middle - breadth / 2 - 0.12), (middle + breadth / 2 + 0.12, width - edge)]
    spans = [(a, b) for a, b in spans if b - a > 0.8]
    door = doorway(middle, z, breadth, height - 0.1, "window_glass", 0.3)
    panes = [
        Opening(
            s=(a + b) / 2,
            z=z + 0.5,
            width=b - a,
            height=height - 0.6,
            ring=0.07,
            reveal=0.1,
            panes=(max(1, round((b - a) / 1.5)), 1),
            dressed=False,
        )
        for a, b in spans
    ]
    wood = [(0.05, edge - 0.06, z, z + height + 0.04, -0.07, 0.02), (width - edge + 0.06, width - 0.05, z, z + height + 0.04, -0.07, 0.02)]
    wood += [(a, b, z, z + 0.49, -0.04, 0.02) for a, b in spans]
    if detail > 1:
        wood.append((middle - 0.4, middle + 0.4, z + 0.1, z + 0.35, 0.31, 0.36))
    return [*panes, door], {"shop_front": solids(frame, wood)}


def office_massing(width: float, depth: float, plinth: float, canopy: float, parapet: float) -> Massing:
    return Massing(width=width, depth=depth, roof="flat", overhang=0.1, front=canopy, plinth=plinth, stack=parapet)


@made_of("facade_office", *_GLAZED[1:])
def office_block(
    width: float = 30.0,
    depth: float = 16.0,
    height: float = 19.0,
    storeys: int = 5,
    bays: int = 5,
    window_height: float = 1.75,
    pier: float = 0.7,
    module: float = 1.35,
    ground_height: float = 4.0,
    canopy: float = 1.8,
    parapet: float = 0.7,
    plinth: float = 0.2,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """Offices: ribbons of windows between piers, divided every `module` metres, over a taller glazed ground floor with a canopy."""
    m = office_massing(width, depth, plinth, canopy, parapet)
    w, d = m.footprint
    storey = (height - m.beside_storeys - ground_height) / (storeys - 1)
    top = height - m.beside_storeys + plinth + parapet
    floors = [plinth + ground_height + k * storey for k in range(storeys - 1)]
    walls: Walls = []
    for side, (length, count) in enumerate(zip((w, d, w, d), (bays, max(1, round(bays * d / w))) * 2, strict=True)):
        breadth = length / count - pier
        panes = (max(1, round(breadth / module / (1 if detail > 1 else 2))), 1)
        ribbon = [(k + 0.5) * length / count for k in range(count)]
        rows = [(z + 0.85, window_height) for z in floors] + [(plinth + 0.25, ground_height - 0.9)]
        walls.append(
            [
                Opening(
                    s=s,
                    z=z,
                    width=breadth,
                    height=h,
                    panes=panes,
                    reveal=0.14,
                    ring=0.07,
                    dressed=False,
                    veil=_blind(seed, side, k, j) if k < len(floors) else 0.0,
                )
                for k, (z, h) in enumerate(rows)
                for j, s in enumerate(ribbon)
            ]
        )
    front = frames(w, d)[0]
    middle = (bays // 2 + 0.5) * w / bays
    extras: list[Slots] = []
    if canopy > 0:
        extras.append({"eaves": solids(front, [(middle - 3.0, middle + 3.0, plinth + 2.75, plinth + 2.95, -canopy, 0.05)])})
    if detail > 0:
        sills = [(0.02, w - 0.02, z + 0.75, z + 0.83, -0.05, 0.02) for z in floors]
        extras.append({"stone_trim": solids(front, sills)})
    slots = merge(raised(m, walls, top, detail), *extras)
    return standing((width, depth, height), *parts_of(slots, _GLAZED))


def _blind(seed: int, *place: int) -> float:
    """How far the blinds behind a ribbon window are down."""
    kind, share = np.random.default_rng([seed, *place]).uniform(size=2)
    return 0.1 + 0.5 * float(share) if kind < 0.3 else 0.0


@made_of("facade_shed", "plinth", "roof_metal", "eaves", "window_glass", "window_frame", "shed_door", "stone_trim", "shop_sign")
def warehouse(
    width: float = 28.0,
    depth: float = 18.0,
    height: float = 9.5,
    doors: int = 2,
    door_width: float = 3.6,
    door_height: float = 4.0,
    roof_pitch: float = 10.0,
    window_height: float = 1.0,
    sign_width: float = 8.0,
    across: int = 0,
    plinth: float = 0.12,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """A hall of sheet metal with roller doors, a band of high windows, a side door and a sign."""
    m = Massing(
        width=width, depth=depth, pitch_deg=roof_pitch, overhang=0.4, verge=0.2, across=bool(across), front=SIGN_DEPTH_M, plinth=plinth
    )
    w, d = m.footprint
    top = height - m.beside_storeys + plinth
    room = 0.62 * w
    gates = [
        doorway(0.06 * w + (k + 0.5) * room / doors, plinth, min(door_width, 0.85 * room / doors), door_height, "shed_door", 0.2)
        for k in range(doors)
    ]
    entry = doorway(0.8 * w, plinth, 1.1, 2.15, "shed_door", 0.1)
    high = Glazing(width=2.4, height=window_height, panes=(2, 1), reveal=0.06)
    z = max(plinth + door_height + 0.7, top - window_height - 0.6)
    rows = high.storeys((w, d, w, d), (0, round(d / 4), round(w / 4), round(d / 4)), [z], 0.0, seed)
    offices = [Opening(s=f * w, z=1.1, width=1.8, height=1.2, panes=(2, 1), reveal=0.08, dressed=False) for f in (0.74, 0.87)]
    offices = [o for o in offices if abs(o.s - entry.s) > 1.6]
    walls = [[*gates, entry, *offices], *([undressed(o, bare=True) for o in row] for row in rows[1:])]
    front = frames(w, d)[0]
    ribs = [
        (g.s - g.width / 2 + 0.08, g.s + g.width / 2 - 0.08, y, y + 0.03, g.reveal + 0.02, g.reveal + 0.05)
        for g in gates
        for y in plinth + np.arange(0.3, door_height - 0.2, 0.3 if detail > 1 else 1.2)
    ]
    board = sign(front, 0.5 * w, (plinth + door_height + top) / 2 - 0.35, sign_width, min(1.1, 0.7 * (top - door_height)), seed)
    slots = merge(raised(m, walls, top, detail), {"shed_door": solids(front, ribs)}, board)
    keys = ("facade", "plinth", "roof", "eaves", "window_glass", "window_frame", "shed_door", "stone_trim", "shop_sign")
    return standing((width, depth, height), *parts_of(slots, keys))


@made_of("facade", "plinth", "roof", "eaves", "window_frame", "shed_door")
def garage(
    width: float = 3.6,
    depth: float = 6.2,
    height: float = 3.3,
    doors: int = 1,
    door_width: float = 2.5,
    door_height: float = 2.1,
    roof: str = "gable",
    roof_pitch: float = 25.0,
    overhang: float = 0.2,
    detail: int = 2,
) -> Mesh:
    """One or more garages side by side, with up-and-over doors."""
    flat = roof == "flat"
    m = Massing(
        width=width,
        depth=depth,
        roof=roof,
        pitch_deg=roof_pitch,
        overhang=0.1 if flat else overhang + 0.1,
        verge=0.1,
        across=not flat,
        plinth=0.1,
    )
    w, d = m.footprint
    top = height - m.beside_storeys + m.plinth
    pitch = w / doors
    gates = [doorway((k + 0.5) * pitch, m.plinth, min(door_width, 0.9 * pitch), door_height, "shed_door", 0.1) for k in range(doors)]
    ribs = [
        (g.s - g.width / 2 + 0.1, g.s + g.width / 2 - 0.1, y, y + 0.06, g.reveal + 0.01, g.reveal + 0.05)
        for g in gates
        for y in m.plinth + np.arange(0.25, door_height - 0.2, 0.22 if detail > 1 else 1.0)
    ]
    slots = merge(raised(m, [gates, [], [], []], top, detail), {"shed_door": solids(frames(w, d)[0], ribs)})
    return standing((width, depth, height), *parts_of(slots, ("facade", "plinth", "roof", "eaves", "window_frame", "shed_door")))


@made_of("facade_church", "plinth", "roof", "eaves", "window_glass", "window_frame", "front_door", "stone_trim")
def church(
    width: float = 10.0,
    depth: float = 24.0,
    height: float = 27.0,
    tower_width: float = 5.0,
    spire_share: float = 0.4,
    roof_pitch: float = 48.0,
    wall_height: float = 6.5,
    windows: int = 5,
    window_height: float = 3.2,
    plinth: float = 0.5,
    detail: int = 2,
) -> Mesh:
    """A nave with tall windows and a square tower before it, crowned by a spire that takes `spire_share` of the height."""
    m = Massing(
        width=width, depth=depth, pitch_deg=roof_pitch, overhang=0.4, verge=0.2, across=True, front=tower_width - 0.35, plinth=plinth
    )
    d = m.footprint[1]
    lancet = [
        Opening(s=(k + 0.5) * d / windows, z=1.8, width=1.0, height=window_height, ring=0.05, reveal=0.3, panes=(2, 4), dressed=True)
        for k in range(windows)
    ]
    nave = raised(m, [[], lancet, [], lancet], wall_height, detail, lintel=0.25)
    high = (1 - spire_share) * height
    y = -d / 2 - tower_width / 2 + 0.5
    at = (0.0, y, 0.0)
    side = tower_width
    belfry = Opening(s=side / 2, z=high - 3.4, width=1.3, height=2.4, ring=0.05, reveal=0.3, panes=(2, 4))
    door = doorway(side / 2, plinth, 1.8, 2.9, reveal=0.4)
    window = Opening(s=side / 2, z=0.45 * high, width=0.8, height=2.0, ring=0.05, reveal=0.3, panes=(1, 3))
    walls = [[door, window, belfry], [belfry], [belfry], [belfry]]
    placed = frames(side, side, at)
    made: list[Slots] = [nave, body(side, side, high, walls, at=at), door_leaf(placed[0], door) if detail > 1 else {}]
    made += [dressing(frame, openings, detail, 0.25) for frame, openings in zip(placed, walls, strict=True)]
    cornice: list[Part] = [block(side + 0.24, side + 0.24, 0.28, (0, y, high - 0.3))]
    point = spire(side + 0.3, spire_share * height, 0.0).moved(0, y, high)
    made.append({"stone_trim": cornice, "roof": [point], "plinth": [block(side + 0.06, side + 0.06, plinth - 0.05, at)]})
    keys = ("facade", "plinth", "roof", "eaves", "window_glass", "window_frame", "front_door", "stone_trim")
    return standing((width, depth, height), *parts_of(merge(*made), keys))
