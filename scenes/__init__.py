"""What a world is: geometry conventions, cameras, scene descriptions and the procedural families that sample them.

Owns: `Scene` (plain, frozen, JSON round trip), shapes, textures, trajectories, physics, importers.
Does not own: pixels, files of data sets, torch. Imports nothing of `renderers`, `training` or `simlearn`.
"""
