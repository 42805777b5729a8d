"""Logs and metrics: Powertools JSON logs with ``job_id`` and ``provider`` on every line, and EMF metrics.

Nothing of a document and no credential is ever logged: messages name jobs, steps, codes and counts.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, wraps
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

from invoice_capture.domain.errors import CaptureError, SettingMissing, StoreUnavailable

Handler = Callable[[dict[str, Any], object], Any]

# Powertools names its logger after the service, so the loggers of all our modules are its children.
_SERVICE = "invoice_capture"
_NAMESPACE = "InvoiceCapture"
# The line that is logged about is the caller's, not one of this module.
_CALLER = 3
# Their messages are about services and settings, never about a document.
_OF_THE_STACK = (StoreUnavailable, SettingMissing)
_streams: list[TextIO] = []


def write_logs_to(stream: TextIO | None) -> None:
    """Send logs and metrics elsewhere than to standard output; None sends them there again."""
    _streams[:] = [] if stream is None else [stream]


def observed(handler: Handler) -> Handler:
    """Wrap a Lambda handler: its log lines name the job and the provider of the event, and a crash is logged once.

    What the handler raises is raised by its name alone, for Lambda's runtime prints whatever an error says. Words that
    people are to read are left on the job before (``use_cases.shared.leave_explanation``).
    """

    @wraps(handler)
    def wrapper(event: dict[str, Any], context: object) -> Any:
        with about(job_id=event.get("job_id") or "-", provider=event.get("provider") or "-"):
            try:
                return handler(event, context)
            except _OF_THE_STACK as exc:
                _logger().warning("This step failed.", extra={"error": exc.code, "reason": str(exc)})
                raise _without_words(exc) from None
            except CaptureError as exc:
                # Foreseen, and told to whoever called by its name.
                _logger().warning("This step failed.", extra={"error": exc.code})
                raise _without_words(exc) from None
            except Exception as exc:
                # The message of an unexpected error may quote the document, so only its name and its place are logged.
                places = [f"{frame.name}, {frame.filename}:{frame.lineno}" for frame in extract_tb(exc.__traceback__)]
                count("FunctionCrashes")
                _logger().error("This invocation failed.", extra={"error": type(exc).__name__, "places": places[1:]})
                raise _without_words(exc) from None

    return wrapper


def _without_words(error: Exception) -> Exception:
    """An error of the same name, which is what Step Functions goes by, that says nothing and comes from here."""
    named: type[Exception] = type(type(error).__name__, (Exception,), {})
    return named()


@contextmanager
def about(**keys: str) -> Iterator[None]:
    """Put these keys on every line that is logged inside, and the former ones back afterwards."""
    logger = _logger()
    before = dict(logger.thread_safe_get_current_keys())
    logger.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(**before)


def count(metric: str, value: int = 1, **dimensions: str) -> None:
    """Write one EMF metric, in all and for these dimensions; nothing for a value of zero, so that silence means health.

    Alarms cannot add up over dimensions. The dimension ``service`` is the stack, of which an account may have several:
    Powertools knows it from the environment.
    """
    if value == 0:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics(namespace=_NAMESPACE)
    metrics.service = metrics.service or _SERVICE
    for name, content in dimensions.items():
        metrics.add_dimension(name, content)
    metrics.add_metric(metric, MetricUnit.Count, value)
    for name, content in _logger().thread_safe_get_current_keys().items():
        if name not in dimensions:
            metrics.add_metadata(name, content)
    line = metrics.serialize_metric_set()
    if dimensions:
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"].insert(0, ["service"])
    print(json.dumps(line), file=_stream())


def count_each(values: Mapping[str, int]) -> None:
    """Write one EMF metric for each of these."""
    for metric, value in values.items():
        count(metric, value)


def info(message: str, **details: Any) -> None:
    """Log a step; ``details`` become keys of the line."""
    _logger().info(message, extra=details, stacklevel=_CALLER)


def warning(message: str, **details: Any) -> None:
    _logger().warning(message, extra=details, stacklevel=_CALLER)


@cache
def _logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service=_SERVICE, logger_handler=logging.StreamHandler(_PresentStream()))


def _stream() -> TextIO:
    return _streams[0] if _streams else sys.stdout


class _PresentStream:
    """Looks up where logs go whenever one is written."""

    def write(self, text: str) -> int:
        return _stream().write(text)

    def flush(self) -> None:
        _stream().flush()


class EmfMetrics:
    """Metrics in the log, where CloudWatch finds them (EMF)."""

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None:
        count(metric, value, **dimensions)
