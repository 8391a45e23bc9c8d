"""Sharing on Weibo: one call, its rules, and what may go wrong (wechat-platform.md section 14)."""
