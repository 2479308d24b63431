"""Our server beside others: figures, never an assertion."""
