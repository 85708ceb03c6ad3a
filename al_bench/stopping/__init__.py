"""Rules that say when to stop buying labels, read off the predictions for a fixed part of the pool, without labels."""
