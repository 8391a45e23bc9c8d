"""The menu bar (section 4): what may be pushed, what each person sees, and what a tap does."""
