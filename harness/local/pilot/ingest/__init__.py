"""Objects in, models out: the only place that knows Kubernetes' and Istio's wire form.

It trusts admission: an object that was stored is sound and uses supported fields only. It must
not do I/O; the same objects give the same models.
"""
