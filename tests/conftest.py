"""What holds for all tests."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

# A slow machine is no failure. Everything else stays as hypothesis has it: random here, repeatable in CI.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _stacks_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests see no local stack of whoever runs them, and show theirs to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
