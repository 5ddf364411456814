"""Between the engine's plain objects and the tables: transactions, keys, loading and writing back."""
