"""al-bench: pool-based active-learning experiments from one command.

For notebooks and for components of one's own the package offers what `__init__.pyi` lists; each name is imported at
its first use, so that `import al_bench` imports neither torch nor pandas.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
