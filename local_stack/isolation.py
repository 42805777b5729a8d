"""What keeps the user's AWS account out of the stack, and threads out of each other's way."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

REGION = "us-east-1"


@contextmanager
def away_from_aws(region: str = REGION) -> Iterator[None]:
    """Credentials, profiles and endpoints of the user have no effect inside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with patch.dict(os.environ, {**kept, **ours}, clear=True):
        yield


@contextmanager
def one_at_a_time(module: ModuleType, name: str) -> Iterator[None]:
    """Let one thread at a time call a function that a Lambda container, with one thread, calls alone anyway.

    boto3 makes clients from one default session, which is not thread-safe either.
    """
    original, lock = getattr(module, name), threading.Lock()

    def alone(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(*args, **kwargs)

    with patch.object(module, name, alone):
        yield
