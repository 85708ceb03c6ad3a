"""Seeds are added to a study until its verdict is settled: the looks, the runs between them, and what is said."""
