"""Jobs in bad weather, judged by the books of everybody but the product: see docs/reliability.md.

``weather`` is what goes wrong when, ``door`` what providers see of it, ``run`` one stack in that weather, ``books``
what was written down meanwhile, and ``judge`` which promises were kept by them.
"""
