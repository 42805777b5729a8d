"""Invoice capture: a document in a bucket becomes a checked, canonical invoice, whichever provider reads it.

Imports point inward only: ``functions`` → ``wiring`` → ``aws``, ``providers``, ``use_cases`` → ``ports`` →
``domain``.
"""
