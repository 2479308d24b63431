"""300 texts with a planted secret, 300 with something that only looks like one, and what becomes of them."""
