"""The front door: command line, settings, wiring, supervision, the embedded pair, simulator, demo and bench.

The one room that may import all the others, and the one that none of them imports.
"""
