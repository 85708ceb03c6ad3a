"""Statistics of paired learning curves: pure functions over arrays, accuracy[method][seed, budget]."""
