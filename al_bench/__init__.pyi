"""What Python users import: the runs on record, the verdict, and what a component of one's own is made of."""

from .analysis.summary.comparison import Comparison as Comparison
from .analysis.summary.comparison import compare as compare
from .analysis.summary.comparison import load_runs as load_runs
from .errors import BenchError as BenchError
from .errors import InputError as InputError
from .evidence import Evidence as Evidence
from .evidence import Product as Product
from .strategies.base import FeatureStrategy as FeatureStrategy
from .strategies.base import ScoreStrategy as ScoreStrategy
from .strategies.base import Selection as Selection
from .strategies.base import Strategy as Strategy

__version__: str
