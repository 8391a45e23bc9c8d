"""The control API under `/sandbox/api`: what the page and the tests use to be somebody."""
