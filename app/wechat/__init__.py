"""The WeChat platform as a library: callbacks in, replies and calls out.

Knows no activity, case or member, and imports nothing of ours from outside this package.
"""
