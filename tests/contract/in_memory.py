"""Jobs and their submissions in memory, for every suite that needs both."""

from __future__ import annotations

import pytest

from tests.fakes.stores import MemoryJobStore, MemorySubmissionStore


class InMemory:
    @pytest.fixture
    def jobs(self) -> MemoryJobStore:
        return MemoryJobStore()

    @pytest.fixture
    def submissions(self, jobs: MemoryJobStore) -> MemorySubmissionStore:
        return MemorySubmissionStore(jobs)
