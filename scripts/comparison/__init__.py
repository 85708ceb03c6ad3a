"""The rows, the sides and the race of `scripts/speed.py`."""
