"""Istio's semantic rules, one module per kind, on specs that fit the schema.

Wording follows istio/istio pkg/config/validation where Istio has a rule of that kind.
"""
