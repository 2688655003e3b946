"""The simulated platforms: one process, real HTTP, faults on demand, every effect counted.

Each platform is a folder here and one line in `world.World`. Nothing of the fleet is imported:
this is the far end of the wire.
"""
