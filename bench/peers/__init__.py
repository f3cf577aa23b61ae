"""Other renderers of the same scene, one file each. Each module has a function that takes the scene and returns a function of the time.

What is built once (geometry, acceleration structures, textures) is not timed; what a new time costs (placing what moves, the camera, the
image with the labels the peer has) is. Nothing is converted to our conventions within the time measured. Each raises ImportError, or
UserError, where the peer is not installed.
"""
