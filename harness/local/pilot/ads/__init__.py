"""Serves translated resources to Envoys and keeps what each of them said to it.

State-of-the-world xDS v3, aggregated. It must not know Istio: names, bytes and answers only.
"""
