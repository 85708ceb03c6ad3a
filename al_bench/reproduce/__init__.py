"""Papers run again: presets with their protocol, claims written down before the sweep, and a judge."""
