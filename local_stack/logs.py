"""Where the stack logs: handlers, moto and this package to one stream instead of the terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO
from unittest.mock import patch

from invoice_capture.observability import about, write_logs_to
from local_stack.metrics import Intake

_LOGGERS = ("moto", "samtranslator", "local_stack")
# It logs a failed task once for every level of its syntax tree.
_CHATTERBOX = "moto.stepfunctions.parser.asl.component.eval_component"


@contextmanager
def written_to(log: TextIO | None, stack_name: str) -> Iterator[None]:
    """Write everything to ``log``, or to nowhere, and take in the metrics of functions as those of this stack."""
    with ExitStack() as exits:
        stream = log or exits.enter_context(Path(os.devnull).open("w"))
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [handler], False
            # What still runs when the stack is gone must not speak to the terminal either.
            exits.callback(setattr, logger, "handlers", [logging.NullHandler()])
        logging.getLogger(_CHATTERBOX).disabled = True
        exits.enter_context(patch.dict(os.environ, {"POWERTOOLS_SERVICE_NAME": stack_name}))
        write_logs_to(Intake(stream))
        exits.callback(write_logs_to, None)
        # The first use sets the logger up, which two threads must not do at once.
        with about():
            yield
