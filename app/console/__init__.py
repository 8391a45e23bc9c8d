"""Pages union staff work in, at `/console`. No rule lives here."""
