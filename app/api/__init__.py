"""JSON for the mini-program, at `/api/v1`: parse, call a service, shape the answer. No rule lives here."""
