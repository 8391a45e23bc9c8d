"""Weibo, as far as an app that shares to it sees it (section 14): who may post, what, and what was posted."""
