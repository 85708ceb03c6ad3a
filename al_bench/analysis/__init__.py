"""What was recorded, read back: runs, statistics over seeds, figures and tables."""
