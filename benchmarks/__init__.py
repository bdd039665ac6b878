"""
What this library costs, as ratios to hand-written SQL and to what one would else pick.

`python -m benchmarks --quick` runs all of it in a few minutes and prints a table.
"""
