"""What ``kubectl get`` prints: objects to rows of cells, per kind. Pure, given the time.

Columns follow Kubernetes' own printers (k8s.io/kubernetes/pkg/printers/internalversion) and
the additionalPrinterColumns of Istio's CRDs.
"""

from harness.local.apiserver.tables.render import partial, table

__all__ = ["partial", "table"]
