"""A harness that proves, step by step, what a chapter of Istio YAML does to real traffic.

Data flows one way: chapter → cluster → convergence → traffic → observation → verdict → report.
"""
