"""Simulated annotators: who answers when a run buys a label, how often wrongly, and at which price."""
