"""Statistics of learning curves: functions of arrays that know no run, draw nothing and print nothing."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
