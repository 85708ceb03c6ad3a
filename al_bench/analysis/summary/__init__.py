"""What a study says, put together for whoever asks: the verdict with its tables, and a plan in words."""
