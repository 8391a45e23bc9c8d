"""Mass sending: what was ordered, whom it reaches, how it ends, and what an account may send (section 7).

The calls about it are `sandbox.api.mass`.
"""
