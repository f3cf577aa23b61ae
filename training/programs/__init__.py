"""Programs that make labels from pictures alone: optical flow, what moves, edges, which of two points is nearer.

Each answers by itself, without a network and without learning, so that what it says can be looked at before a network imitates it.
"""
