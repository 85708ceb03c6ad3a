"""Pure functions from tensors and an explicit generator to tensors: scores, selection, calibration.

Letters in all kernels: N rows, K draws, C classes, B batch; shapes are in the names (`log_probs_nkc`).
Log-probabilities and information are in nats. A kernel moves nothing between devices, reads no configuration
and logs nothing; where memory matters the chunk size is an argument, and the result does not depend on it.

The package is lazy: `from al_bench import kernels` imports no torch until a kernel is used. The list of kernels is
`__init__.pyi`, where a new kernel adds its line.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
