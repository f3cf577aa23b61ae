"""Learning: backbones, pretext families, dense learners, the one fit loop, checkpoints.

Owns: what is learnt and how. Does not own: files of data sets, benchmarks, rendering. May import `scenes.geometry` and
`renderers.frame` (label names); never `simlearn`.
"""
