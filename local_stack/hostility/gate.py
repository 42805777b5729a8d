"""What every request of a function or a state machine passes: its permissions, and what goes wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.endpoint
import requests
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from local_stack import callers
from local_stack.callers import Caller
from local_stack.clock import ScaledClock
from local_stack.hostility import answers
from local_stack.hostility.faults import Fault, Faults, When
from local_stack.hostility.invocations import Ended, FunctionClock
from local_stack.iam.permissions import Denial, Permissions

Send = Callable[[], AWSResponse | None]
# What botocore calls some services, and what IAM does.
_SERVICES = {"sfn": "states", "secrets-manager": "secretsmanager", "eventbridge": "events"}


class Gate:
    """Requests of the stack itself, which has no caller, pass untouched."""

    def __init__(self, faults: Faults, permissions: Permissions, clock: ScaledClock) -> None:
        self._faults = faults
        self._permissions = permissions
        self._clock = FunctionClock(clock)
        # The parameters of the call that a thread makes; what is sent shows them no more.
        self._asked = threading.local()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let all HTTP requests pass here, and all threads of an invocation belong to it. moto sees to those of AWS."""
        send_http = requests.Session.send
        waits = SimpleNamespace(sleep=self._sleep)

        def send(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            return self._http(request, lambda: send_http(session, request, **options))

        with ExitStack() as patches:
            patches.enter_context(callers.inherited())
            patches.enter_context(patch.object(requests.Session, "send", send))
            # Between two attempts, which would take minutes of an outage in real time.
            patches.enter_context(patch.object(botocore.endpoint, "time", waits))
            yield

    def authorise(self, params: Mapping[str, Any], model: Any, context: Mapping[str, Any]) -> None:
        """A call of AWS is about to be made, with parameters as boto3 has them. Raises ClientError when it may not."""
        caller = callers.current()
        # What is signed for somebody else is judged when it is used.
        if caller is None or context.get("is_presign_request"):
            return
        if caller.invocation is not None:
            caller.invocation.go_on()
        self._asked.parameters = params
        if caller.role is None:
            return
        service = _SERVICES.get(hyphenized := model.service_model.service_id.hyphenize(), hyphenized)
        if denial := self._permissions.refusal(caller.role, service, model.name, params):
            raise _access_denied(service, model.name, denial)

    def aws(self, event_name: str, request: Any, send: Send) -> AWSResponse | None:
        """An attempt of a request of AWS, which ``send`` makes; ``event_name`` as ``before-send.s3.GetObject``."""
        caller = callers.current()
        if caller is None:
            return send()
        _, service, operation = event_name.split(".")
        service = _SERVICES.get(service, service)
        name = f"{service}:{operation}"
        fault = self._before(name, caller)
        if fault is not None and fault.error is not None:
            return answers.error(service, request, fault.error)
        if fault is not None and fault.unreachable:
            raise EndpointConnectionError(endpoint_url=request.url)
        with callers.acting_as(None):
            answer = send()
        if fault is not None:
            raise ConnectionClosedError(endpoint_url=request.url)
        if service == "s3" and answer is not None and answer.status_code == 404 and self._is_hidden(caller, operation):
            answer = answers.error("s3", request, "AccessDenied", "Access Denied")
        self._after(name, caller)
        return answer

    def provider_asked(self) -> None:
        """A provider that lives in this process is asked, without HTTP."""
        if caller := callers.current():
            self._before("http:ASK provider", caller)

    def handler(self, when: When) -> None:
        """A function begins, or is done. Raises Ended when that is where it ends."""
        if caller := callers.current():
            self._end_if_struck("lambda:Handler", caller, when)

    def _http(self, request: requests.PreparedRequest, send: Callable[[], requests.Response]) -> requests.Response:
        caller = callers.current()
        if caller is None:
            return send()
        name = f"http:{request.method} {request.url}"
        fault = self._before(name, caller)
        if fault is not None and not fault.loses_answer:
            raise requests.ConnectionError("The local stack was told to refuse the connection.", request=request)
        answer = send()
        if fault is not None:
            raise requests.ConnectionError(ConnectionResetError("The local stack lost the answer."), request=request)
        self._after(name, caller)
        return answer

    def _is_hidden(self, caller: Caller, operation: str) -> bool:
        role = caller.role
        return role is not None and self._permissions.hides_absence(role, operation, self._asked.parameters)

    def _before(self, name: str, caller: Caller) -> Fault | None:
        if caller.invocation is not None:
            caller.invocation.go_on()
        fault = self._faults.strike(name, caller.name)
        self._end(fault, caller)
        # A state machine has no invocation that could end.
        return None if fault is not None and fault.ends else fault

    def _after(self, name: str, caller: Caller) -> None:
        self._end_if_struck(name, caller, "after")

    def _end_if_struck(self, name: str, caller: Caller, when: When) -> None:
        self._end(self._faults.strike(name, caller.name, when), caller)

    def _end(self, fault: Fault | None, caller: Caller) -> None:
        if fault is not None and fault.ends is not None and caller.invocation is not None:
            caller.invocation.end(fault.ends)
            raise Ended

    def _sleep(self, seconds: float) -> None:
        caller = callers.current()
        if caller is not None and caller.invocation is not None:
            self._clock.sleep(seconds)
        else:
            threading.Event().wait(seconds)


def _access_denied(service: str, operation: str, denial: Denial) -> ClientError:
    """As S3 says it, or as the others do."""
    code = "AccessDenied" if service == "s3" else {"sns": "AuthorizationError"}.get(service, "AccessDeniedException")
    message = f"{denial} because no identity-based policy allows the {denial.action} action"
    said: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 403 if service in {"s3", "sns"} else 400, "RequestId": "0"},
    }
    return ClientError(said, operation)
