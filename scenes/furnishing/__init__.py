"""Furnished rooms in the making: where things stand, in which relations, what belongs in which kind of room, and light.

Shared by the families that have rooms. A room is worked on in its own frame: centred on the origin, its floor at z = 0.
"""
