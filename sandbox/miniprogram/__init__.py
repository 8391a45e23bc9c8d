"""The mini-program (section 12): who is in it, what it is like, and its own pushes and answers."""
