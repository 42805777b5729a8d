"""The services around the state machines."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import unix_time_millis
from moto.events.models import Rule, events_backends
from moto.s3 import notifications
from moto.sqs.models import Queue, SQSBackend

from local_stack.hostility.concurrency import Throttled
from local_stack.moto_patches import dynamodb
from local_stack.moto_patches.host import Host, Patch


def patches(host: Host) -> list[Patch]:
    return [*_requests(host), *_s3(host), *_events(), *_sqs(host), *_lambda(host), *dynamodb.patches(host)]


def locked(owner: type, *names: str) -> list[Patch]:
    """Methods of a back end, one call at a time.

    moto is not thread-safe: two threads pass the same condition, or receive the same message.
    """
    lock = threading.RLock()

    def guard(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return original(*args, **kwargs)

        return guarded

    return [(owner, name, guard(getattr(owner, name))) for name in names]


def _requests(host: Host) -> list[Patch]:
    stub = BotocoreStubber.__call__

    def pass_gate(stubber: Any, event_name: str, request: Any, **kwargs: Any) -> AWSResponse | None:
        def send() -> AWSResponse | None:
            return stub(stubber, event_name, request, **kwargs)

        return send() if host.gate is None else host.gate.aws(event_name, request, send)

    return [(BotocoreStubber, "__call__", pass_gate)]


def _s3(host: Host) -> list[Patch]:
    sequence = iter(range(1, 2**63))

    def send_event(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        """moto's event differs from that of AWS in its etag, sequencer, reason and time, and hides failures."""
        event: Any = {
            "version": "0",
            "id": f"{next(sequence):032x}",
            "detail-type": notifications._detail_type(event_name),
            "source": "aws.s3",
            "account": account_id,
            "time": host.clock.now().timestamp(),
            "region": bucket.region_name,
            "resources": [bucket.arn],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket.name},
                "object": {
                    "key": key.name,
                    "size": key.size,
                    "etag": key.etag.replace('"', ""),
                    "sequencer": f"{next(sequence):018X}",
                    **({"version-id": key.version_id} if bucket.is_versioned else {}),
                },
                "request-id": f"{next(sequence):016X}",
                "requester": account_id,
                "source-ip-address": "127.0.0.1",
                "reason": "PutObject" if event_name.endswith(":Put") else event_name.rsplit(":", 1)[1],
            },
        }

        def deliver() -> None:
            for bus in events_backends[account_id][bucket.region_name].event_buses.values():
                for rule in bus.rules.values():
                    rule.send_to_targets(event, transform_input=False)

        for seconds in host.faults.delays("s3:event", bucket.name):
            _after(host, seconds, deliver)

    return [(notifications, "_send_event_bridge_message", send_event)]


def _events() -> list[Patch]:
    send_to_targets = Rule.send_to_targets

    def send_what_matches(rule: Any, *event: Any, **options: Any) -> None:
        """A schedule has no pattern, which for moto matches every event."""
        if not rule.scheduled_expression:
            send_to_targets(rule, *event, **options)

    return [(Rule, "send_to_targets", send_what_matches)]


def _sqs(host: Host) -> list[Patch]:
    add_message = Queue.add_message

    def add_and_tell(queue: Any, message: Any) -> None:
        """moto delays a message in real time; it comes when its time has passed on the stack's clock."""
        delay = max(0.0, (message.delayed_until - unix_time_millis()) / 1000) if message.delayed else 0.0
        message.delayed_until = 0.0

        def add(arrived: Any) -> None:
            add_message(queue, arrived)
            if pump := host.pump_of(queue.queue_arn):
                pump.wake()

        for number, seconds in enumerate(host.faults.delays("sqs:message", queue.name)):
            _after(host, delay + seconds, functools.partial(add, copy.deepcopy(message) if number else message))

    guarded = locked(SQSBackend, "receive_message", "delete_message", "change_message_visibility", "send_message")
    [change_visibility] = [guard for _, name, guard in guarded if name == "change_message_visibility"]

    def change_or_tell(backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """moto hides a message in real time; who holds it for a function does so on the stack's clock."""
        pump = host.pump_of(backend.get_queue(queue_name).queue_arn)
        if pump is None or not pump.hide(receipt_handle, float(visibility_timeout)):
            change_visibility(backend, queue_name, receipt_handle, visibility_timeout)

    hiding = (SQSBackend, "change_message_visibility", change_or_tell)
    return [(Queue, "add_message", add_and_tell), *guarded, hiding]


def _after(host: Host, seconds: float, deliver: Callable[[], None]) -> None:
    if seconds:
        host.clock.call_later(seconds, deliver)
    else:
        deliver()


class _TooManyRequests(LambdaClientError):
    code = 429


def _lambda(host: Host) -> list[Patch]:
    def invoke(  # noqa: PLR0917 - moto's signature
        backend: Any, name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        """moto runs functions in Docker, asynchronous ones at once; the runtime of the local stack takes over."""
        name = backend.get_function(name, qualifier).function_name
        payload = body.encode() if isinstance(body, str) else bytes(body or b"{}")
        try:
            answer, failed = host.invoke(name, payload, headers.get("X-Amz-Invocation-Type", "RequestResponse"))
        except Throttled as exc:
            raise _TooManyRequests("TooManyRequestsException", f"{exc} ({exc.reason})") from exc
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer

    return [(LambdaBackend, "invoke", invoke)]
