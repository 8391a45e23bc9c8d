"""What the platform does wrong on demand: the words for it, what is still to be done, and the doing."""
