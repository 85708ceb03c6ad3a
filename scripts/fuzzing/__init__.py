"""What the two fuzz scripts share: children with limits, the faults of how one ended, and values at the edges."""
