"""Runs shown in the tools in which people watch theirs: MLflow, Weights & Biases, TensorBoard.

A tracker is told of what is on record already, and of nothing else: a run does not depend on any.
"""
