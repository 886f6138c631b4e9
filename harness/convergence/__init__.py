"""Proof that applied objects are live: what they imply, compared with every proxy's read-back.

It must not send traffic and must not judge it; it only says live, or what a proxy still has.
"""
