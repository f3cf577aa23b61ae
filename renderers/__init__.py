"""Turning a Scene and a time into a Frame: visibility, shading, labels, the sensor.

Owns: the label table (`renderers.frame`), the renderer protocol and its implementations.
Does not own: files, data sets, learning. May import `scenes`; never `training` or `simlearn`.
"""
