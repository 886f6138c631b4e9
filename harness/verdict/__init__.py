"""Exact acceptance regions and their error probabilities. Pure: counts in, verdict out.

It must not do I/O, read a clock, or retry.
"""
