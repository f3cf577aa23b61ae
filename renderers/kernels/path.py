# mypy: ignore-errors
"""Path tracing as a wavefront: kernels that start paths, meet surfaces, and collect light; rays are cast between them.

Kernels walk over `count` entries in steps of their thread count: one thread on the CPU, where each costs, as many as entries on a GPU.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.air import decay, seen_sky
from renderers.kernels.common import KERNEL_OPTIONS, mat34, rotate
from renderers.kernels.path_lights import GLOW, Choice, LightSample, appeal, choose_emitter, sample_glow, sample_light
from renderers.kernels.path_sampling import mixed, power_heuristic, random_pair
from renderers.kernels.path_surface import Surface, World, limited, mean3, meet, reflectance, reflection_density, reflection_direction
from renderers.kernels.rays import ray_direction, ray_origin, write_ray
from renderers.kernels.reflectance import sky_radiance

wp.set_module_options(KERNEL_OPTIONS)

PAIRS = wp.constant(3)  # pairs of random numbers that a path uses at each surface


@wp.struct
class Lens:
    """Rays of a camera: directions in its frame through the corners [H + 1, W + 1] and centres [H, W] of pixels; NaN: there is none."""

    corners: wp.array2d(dtype=wp.vec3)
    centres: wp.array2d(dtype=wp.vec3)
    width: wp.int32
    world_from_eye: mat34


@wp.struct
class Draws:
    """Random numbers of an image: `points` as in `random_pair`, a key, and how many samples each pixel has."""

    points: wp.array2d(dtype=wp.uint32)
    key: wp.uint32
    samples: wp.int32


@wp.struct
class Paths:
    """State of N paths: path k is sample k % samples of pixel first + k / samples.

    density: over solid angle with which the last direction was drawn, 0 for camera rays. total: appeal of all emitters at the last surface.
    spread: widening of the path's footprint, metres per metre, and width: metres at the last surface.
    """

    first: wp.int32
    radiance: wp.array(dtype=wp.vec3)
    throughput: wp.array(dtype=wp.vec3)
    density: wp.array(dtype=wp.float32)
    total: wp.array(dtype=wp.float32)
    spread: wp.array(dtype=wp.float32)
    width: wp.array(dtype=wp.float32)


@wp.struct
class Batch:
    """Rays [N, 6] in a row, the paths they belong to, and what light they would bring if nothing is in the way."""

    rays: wp.array2d(dtype=wp.float32)
    path: wp.array(dtype=wp.int32)
    light: wp.array(dtype=wp.vec3)
    count: wp.array(dtype=wp.int32)


@wp.func
def path_key(draws: Draws, paths: Paths, path: int):
    return mixed(wp.uint32(paths.first + path // draws.samples) ^ draws.key)


@wp.func
def start_path(lens: Lens, draws: Draws, paths: Paths, path: int, rays: wp.array2d(dtype=wp.float32)):
    """The ray through a random place in the path's pixel (a box filter); bilinear between the directions of the pixel's corners."""
    pixel = paths.first + path // draws.samples
    row = pixel // lens.width
    column = pixel - row * lens.width
    u = random_pair(draws.points, path_key(draws, paths, path), path % draws.samples, 0)
    upper = lens.corners[row, column] * (1.0 - u[0]) + lens.corners[row, column + 1] * u[0]
    lower = lens.corners[row + 1, column] * (1.0 - u[0]) + lens.corners[row + 1, column + 1] * u[0]
    direction = upper * (1.0 - u[1]) + lower * u[1]
    spread = wp.length(lens.corners[row, column + 1] - lens.corners[row, column]) / wp.length(direction)
    through = wp.vec3(1.0, 1.0, 1.0)
    if wp.isnan(spread) or wp.isnan(direction[0]):
        direction = lens.centres[row, column]
        spread = 0.0
        if wp.isnan(direction[0]):
            direction = wp.vec3(0.0, 0.0, 1.0)
            through = wp.vec3(0.0, 0.0, 0.0)
    frame = lens.world_from_eye
    write_ray(rays, path, wp.vec3(frame[0, 3], frame[1, 3], frame[2, 3]), wp.normalize(rotate(frame, direction)))
    paths.throughput[path] = through
    paths.radiance[path] = wp.vec3(0.0, 0.0, 0.0)
    paths.density[path] = 0.0
    paths.total[path] = 0.0
    paths.width[path] = 0.0
    paths.spread[path] = spread / wp.sqrt(float(draws.samples))


@wp.kernel
def start_paths(lens: Lens, draws: Draws, paths: Paths, batch: Batch, count: int, threads: int):
    """Camera rays of all paths, in the order of the paths."""
    for k in range(wp.tid(), count, threads):
        start_path(lens, draws, paths, k, batch.rays)
        batch.path[k] = k


@wp.func
def emission_weight(world: World, at: Surface, t: int, start: wp.vec3, distance: float, density: float, total: float):
    """Weight of emission that a reflected ray found and that sampling the emitters could have found too."""
    entry = world.glowing.entry[t]
    if density <= 0.0 or total <= 0.0 or entry < 0 or not world.find_by_emitters:
        return 1.0
    if not world.find_by_reflection:
        return 0.0
    light = world.emitters[world.glowing.emitter[entry]]
    chance = appeal(light, start, at.facing) / total
    other = chance * world.glowing.density[entry] * distance * distance / wp.max(at.cosine, 1.0e-6)
    return power_heuristic(density, other)


@wp.func
def point_on(world: World, chosen: Choice, start: wp.vec3, u: wp.vec2):
    """A point on the chosen emitter."""
    light = world.emitters[chosen.emitter]
    chance = chosen.share / chosen.total
    if light.kind == GLOW:
        return sample_glow(
            light,
            world.glowing,
            start,
            chance,
            chosen.rest,
            u,
            world.triangles,
            world.vertices,
            world.uvs,
            world.triangle_look,
            world.materials,
            world.texels,
        )
    return sample_light(light, start, chance, world.span, u)


@wp.func
def light_of(world: World, at: Surface, found: LightSample):
    """What a point on an emitter adds to the radiance that leaves a surface, if nothing is in the way."""
    if found.glows and not world.find_by_emitters:
        return wp.vec3(0.0, 0.0, 0.0)
    light = wp.cw_mul(reflectance(at, found.direction), found.strength)
    if found.density > 0.0 and world.find_by_reflection:
        light = light * power_heuristic(found.density, reflection_density(at, found.direction))
    return light


@wp.func
def ask(batch: Batch, path: int, start: wp.vec3, towards: wp.vec3, light: wp.vec3):
    """Adds a shadow ray to a batch, where there is any light to bring."""
    if light[0] + light[1] + light[2] > 0.0:
        slot = wp.atomic_add(batch.count, 0, 1)
        write_ray(batch.rays, slot, start, towards)
        batch.path[slot] = path
        batch.light[slot] = light


@wp.func
def ask_light_or_sky(
    batch: Batch, path: int, start: wp.vec3, to_light: wp.vec3, light: wp.vec3, to_sky: wp.vec3, sky: wp.vec3, choice: float
):
    """One shadow ray for both, to either by what it would bring."""
    by_light = mean3(light)
    both = by_light + mean3(sky)
    if choice * both < by_light:
        ask(batch, path, start, to_light, light * (both / by_light))
    elif both > by_light:
        ask(batch, path, start, to_sky, sky * (both / (both - by_light)))


@wp.func
def sky_beyond(world: World, at: Surface, direction: wp.vec3):
    """What the sky in a direction drawn by `reflection_direction` adds to the radiance that leaves a surface."""
    density = reflection_density(at, direction)
    if density <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    return wp.cw_mul(reflectance(at, direction), sky_radiance(world.sky, direction)) * (1.0 / density)


@wp.func
def go_on(at: Surface, start: wp.vec3, choice: float, u: wp.vec2, throughput: wp.vec3, path: int, paths: Paths, onward: Batch):
    """Adds the next ray of a path, unless nothing would come back along it."""
    direction = reflection_direction(at, choice, u)
    density = reflection_density(at, direction)
    if density <= 0.0:
        return
    passed = wp.cw_mul(throughput, reflectance(at, direction)) * (1.0 / density)
    if passed[0] + passed[1] + passed[2] <= 0.0:
        return
    blur = 0.2
    if choice < at.share:
        blur = wp.min(0.5 * at.alpha, 0.2)
    slot = wp.atomic_add(onward.count, 0, 1)
    write_ray(onward.rays, slot, start, direction)
    onward.path[slot] = path
    paths.throughput[path] = passed
    paths.density[path] = density
    paths.spread[path] = wp.max(paths.spread[path], blur)


@wp.func
def lift(place: wp.vec3, facing: wp.vec3, distance: float):
    """The point moved off its surface beyond the rounding of a hit, which grows with the coordinates and the way."""
    reach = wp.max(distance, wp.max(wp.abs(place[0]), wp.max(wp.abs(place[1]), wp.abs(place[2]))))
    return place + facing * (2.0e-5 * (0.1 + reach))


@wp.kernel
def meet_surfaces(
    world: World,
    draws: Draws,
    paths: Paths,
    batch: Batch,
    count: int,
    depth: int,
    last: bool,
    to_sky: bool,
    distance: wp.array(dtype=wp.float32),
    triangle: wp.array(dtype=wp.int32),
    barycentric: wp.array(dtype=wp.vec2),
    normal: wp.array(dtype=wp.vec3),
    onward: Batch,
    lights: Batch,
    glows: Batch,
    threads: int,
):
    """All paths of a batch at the ends of their rays, the `depth`-th: each takes emission, asks for light of an emitter, and goes on.

    last: they end there. to_sky: beyond these surfaces only the sky is left, which then is asked for instead of a next ray.
    It is not split up further: each call of a function would copy the structures, for each path.
    """
    asked_limit = world.bounce_limit
    found_limit = world.bounce_limit
    if depth == 1:
        asked_limit = float(wp.inf)
    if depth <= 2:
        found_limit = float(wp.inf)
    for k in range(wp.tid(), count, threads):
        start = ray_origin(batch.rays, k)
        direction = ray_direction(batch.rays, k)
        path = batch.path[k]
        t = triangle[k]
        throughput = paths.throughput[path]
        if t < 0:
            sky = sky_radiance(world.sky, direction)
            if depth == 1:
                sky = seen_sky(world.sky, world.air, direction, paths.spread[path])
            paths.radiance[path] = paths.radiance[path] + limited(wp.cw_mul(throughput, sky), found_limit)
            continue
        length = distance[k]
        if depth == 1 and world.air.extinction > 0.0:
            left = decay(length * world.air.extinction)
            paths.radiance[path] = paths.radiance[path] + wp.cw_mul(throughput, world.air.haze) * (1.0 - left)
            throughput = throughput * left
        width = paths.width[path] + paths.spread[path] * length
        paths.width[path] = width
        weights = barycentric[k]
        at = meet(world, t, weights[0], weights[1], normal[k], direction, width, depth == 1)
        if mean3(at.emission) > 0.0:
            weight = emission_weight(world, at, t, start, length, paths.density[path], paths.total[path])
            paths.radiance[path] = paths.radiance[path] + limited(wp.cw_mul(throughput, at.emission) * weight, found_limit)
        if last:
            continue
        key = path_key(draws, paths, path)
        sample = path % draws.samples
        pair = 1 + PAIRS * (depth - 1)
        choices = random_pair(draws.points, key, sample, pair)
        lifted = lift(start + direction * length, at.facing, length)
        chosen = choose_emitter(world.emitters, lifted, at.facing, mean3(at.emission) > 0.0, choices[0])
        paths.total[path] = chosen.total
        found = LightSample()
        if chosen.total > 0.0:
            found = point_on(world, chosen, lifted, random_pair(draws.points, key, sample, pair + 1))
        light = limited(wp.cw_mul(throughput, light_of(world, at, found)), asked_limit)
        v = random_pair(draws.points, key, sample, pair + 2)
        if to_sky:
            beyond = reflection_direction(at, choices[1], v)
            sky = limited(wp.cw_mul(throughput, sky_beyond(world, at, beyond)), world.bounce_limit)
            ask_light_or_sky(lights, path, lifted, found.towards, light, beyond * world.span, sky, chosen.rest)
            continue
        if found.glows:
            ask(glows, path, lifted, found.towards, light)
        else:
            ask(lights, path, lifted, found.towards, light)
        go_on(at, lifted, choices[1], v, throughput, path, paths, onward)


@wp.kernel
def add_light(batch: Batch, count: int, blocked: wp.array(dtype=wp.bool), radiance: wp.array(dtype=wp.vec3), threads: int):
    """The light of rays that nothing blocks."""
    for k in range(wp.tid(), count, threads):
        if not blocked[k]:
            path = batch.path[k]
            radiance[path] = radiance[path] + batch.light[k]


@wp.kernel
def average(paths: Paths, samples: int, pixels: int, image: wp.array(dtype=wp.vec3), threads: int):
    """Mean radiance of the samples of each pixel."""
    for pixel in range(wp.tid(), pixels, threads):
        total = wp.vec3(0.0, 0.0, 0.0)
        for k in range(samples):
            total += paths.radiance[pixel * samples + k]
        image[paths.first + pixel] = total * (1.0 / float(samples))


@wp.kernel
def measure_lobe(alpha: wp.array(dtype=wp.float32), cosine: wp.array(dtype=wp.float32), samples: int, table: wp.array2d(dtype=wp.vec2)):
    """`World.lobe` by sampling visible facets with a lattice of `samples` directions."""
    i, j = wp.tid()
    at = Surface()
    at.facing = wp.vec3(0.0, 0.0, 1.0)
    at.smooth = at.facing
    at.cos_eye = cosine[j]
    at.to_eye = wp.vec3(wp.sqrt(wp.max(1.0 - cosine[j] * cosine[j], 0.0)), 0.0, cosine[j])
    at.alpha = alpha[i]
    at.share = 1.0
    total = wp.vec2(0.0, 0.0)
    for k in range(samples):
        turn = float(k) * 0.6180339887
        u = wp.vec2((float(k) + 0.5) / float(samples), turn - wp.floor(turn))
        direction = reflection_direction(at, 0.0, u)
        if direction[2] > 0.0:
            weight = 1.0 / reflection_density(at, direction)
            at.f0 = wp.vec3(0.0, 1.0, 0.0)
            both = reflectance(at, direction) * weight
            total += wp.vec2(both[0], both[1] - both[0])
    table[i, j] = total / float(samples)
