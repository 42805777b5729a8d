"""What holds for all tests."""

from hypothesis import settings

# A slow machine is no failure. Everything else stays as hypothesis has it: random here, repeatable in CI.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")
