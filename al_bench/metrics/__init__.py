"""What says how good a learner's predictions are: one table, read by evaluation, records, tables and figures."""

from al_bench.metrics.own import known_metrics as known_metrics
from al_bench.metrics.table import CLASS_METRICS as CLASS_METRICS
from al_bench.metrics.table import METRICS as METRICS
from al_bench.metrics.table import Metric as Metric
