"""Speed and memory, measured as ratios in one run: `make bench`.

Yardsticks in the same run: `echo` (FastAPI and wechatpy, keeps nothing) and `bare` (an ASGI app that answers
two bytes). Nothing here is asserted in a timed test.
"""
