"""A WeChat to develop against: the platform's side of every conversation, and a phone.

Speaks to the service only over HTTP and is written from the platform's rules alone, so it imports
nothing of the service and nothing of the service imports it. Start it with `python -m sandbox`.
"""
