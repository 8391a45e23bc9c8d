"""`python -m sandbox load`: many followers at once, and what came of it."""
