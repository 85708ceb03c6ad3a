"""Encoders: frozen functions from raw inputs to features, computed once and shared by all runs."""
