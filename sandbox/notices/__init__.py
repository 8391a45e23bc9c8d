"""Template messages, one-off messages and subscription notices (section 8): templates, consent, sending."""
