"""A running stack: documents go in, and what became of them can be asked."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Self, TextIO

import boto3
from moto import mock_aws

import invoice_engine
from invoice_capture.aws.items import from_attributes
from invoice_capture.providers import registry
from invoice_capture.wiring import Application, using
from local_stack import callers, counting, logs, moto_patches, scripted_provider, template
from local_stack.aws_endpoint import aws_endpoint
from local_stack.callers import Caller
from local_stack.clock import ScaledClock
from local_stack.counting import Ledger
from local_stack.errors import TemplateError
from local_stack.gateway.limits import EnrolledKeys
from local_stack.gateway.server import ApiServer, Gateway, Listener
from local_stack.hostility.concurrency import answered
from local_stack.hostility.faults import Faults
from local_stack.hostility.gate import Gate
from local_stack.hostility.invocations import FunctionClock
from local_stack.iam import Permissions
from local_stack.iam.sessions import Sessions
from local_stack.isolation import REGION, away_from_aws, one_at_a_time
from local_stack.keeping.keeper import Keeper
from local_stack.moto_patches import Pump, TableCall
from local_stack.notifications import Notifications
from local_stack.provider_servers import ProviderServers
from local_stack.records import Executions, Notification, Record, Upload, empty, record_of
from local_stack.runtime import Runtime
from local_stack.scripted_provider import ScriptedServer
from local_stack.simulators import Script, Simulator
from local_stack.stored_documents import links_to_documents

PROJECT = Path(__file__).resolve().parent.parent
STACK_NAME = "local"
# More threads at work than this only take turns, and each holds memory.
_MOST_AT_WORK = 12
_WIND_DOWN_SECONDS = 3.0
_LOG = logging.getLogger(__name__)


class LocalStack:
    """Everything in template.yaml on this machine, from ``__enter__`` to ``__exit__``; one at a time in a process.

    ``provider_settings`` become the provider's secrets; a provider with settings but no ``base_url`` among them is
    simulated, as ``simulator_scripts`` say. Handler logs go to ``log``, or nowhere.

    With ``api_port``, 0 being any free one, the REST API answers at ``api_url`` and AWS's own API at ``aws_endpoint``;
    ``on_request`` is told of each request. ``trusted_origins`` are those of this machine that documents may come from.
    ``keeper`` brings the jobs that it kept, and keeps those of this stack until its end.

    ``faults`` is what goes wrong at AWS, and may be changed while the stack runs. What a role may do is judged always:
    ``permissions`` knows what was denied, and what was used.

    Raises:
        OSError: the port is taken.
        TemplateError: the template cannot be used.
        UserError: a script does not fit its simulator.
    """

    def __init__(
        self,
        *,
        time_scale: float = 1.0,
        parameters: Mapping[str, str] | None = None,
        provider_settings: Mapping[str, Mapping[str, str]] | None = None,
        simulator_scripts: Mapping[str, Script] | None = None,
        log: TextIO | None = None,
        template_path: Path = PROJECT / "template.yaml",
        api_port: int | None = None,
        trusted_origins: Collection[str] = (),
        on_request: Listener | None = None,
        keeper: Keeper | None = None,
        faults: Faults | None = None,
    ) -> None:
        self._time_scale = time_scale
        # Textract needs an account; Tesseract is on this machine, or scans say that it is not.
        self._parameters = {"Ocr": "tesseract", **(parameters or {})}
        self._provider_settings = dict(provider_settings or {})
        self._simulator_scripts = dict(simulator_scripts or {})
        self._log = log
        self._template_path = template_path
        self._api_port = api_port
        self._trusted_origins = tuple(trusted_origins)
        self._on_request = on_request
        self._keeper = keeper
        self.faults = faults or Faults()
        self.gate: Gate | None = None
        self.api_url: str | None = None
        self.aws_endpoint: str | None = None
        self._exits = ExitStack()
        self._changed = threading.Condition()
        self._executions: dict[str, Executions] = {}
        self._job_of: dict[tuple[str, str | None], str] = {}
        self._loops: list[str] = []
        self._running: set[str] = set()
        self.ledger = Ledger()
        self._told_of_writes: list[Callable[[TableCall], None]] = [self.ledger.table_called]

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            exits.enter_context(away_from_aws())
            exits.enter_context(logs.written_to(self._log, STACK_NAME))
            self.clock = ScaledClock(self._time_scale)
            exits.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
            exits.enter_context(self.ledger.listening())
            exits.enter_context(one_at_a_time(boto3, "client"))
            # PDFium must never be used by two threads at once, and corrupts memory when it is.
            exits.enter_context(one_at_a_time(invoice_engine, "extract"))
            exits.enter_context(moto_patches.applied(self))
            registry.register(scripted_provider.NAME, "local_stack.scripted_provider:ScriptedProvider")
            self._servers = ProviderServers(
                self._provider_settings, self._simulator_scripts, self.clock, self._provider_asked
            )
            exits.callback(self._servers.close)
            api_server = None
            if self._api_port is not None:
                api_server = ApiServer(self._api_port, self._on_request)
                exits.callback(api_server.close)
                self.api_url = api_server.url
            translation = template.translate(self._template_path)
            self.resources = template.create(translation, STACK_NAME, self._parameters, self.api_url)
            self._connect()
            self.permissions = Permissions(self.resources.roles, REGION)
            self.gate = Gate(self.faults, self.permissions, self.clock)
            exits.enter_context(self.gate.open())
            sessions = Sessions(self.permissions, self.clock.elapsed, lambda: self.faults.session_seconds)
            exits.enter_context(sessions.signing())
            self.links_endpoint = exits.enter_context(links_to_documents(self.s3, sessions)).endpoint
            if self._keeper is not None:
                exits.callback(self._keeper.close)
                self._told_of_writes.append(self._keeper.table_called)
                self._keeper.begin(self)
            self._runtime = Runtime(self.resources, self.clock, self._new_container, self.faults, self.gate)
            exits.callback(self._wind_down)
            self._runtime.start()
            self._told_of_writes.append(self._runtime.table_called)
            if api_server is not None:
                api_server.serve(Gateway(self.resources.api, self._invoked, EnrolledKeys(), self.clock.now))
                self.aws_endpoint = exits.enter_context(aws_endpoint())
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._exits.close()

    # --- documents in -------------------------------------------------------------------------------------------------

    def upload(self, key: str, content: bytes) -> Upload:
        """Drop a document. Waits while the stack has as much work as is good for it; a waiting job is no work."""
        while self.clock.at_work >= _MOST_AT_WORK:
            time.sleep(0.002)
        dropped_at = time.monotonic()
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return Upload(key, answer["VersionId"], dropped_at)

    # --- what became of them ------------------------------------------------------------------------------------------

    def job_id_of(self, upload: Upload) -> str | None:
        """None until receive_upload started an execution."""
        return self._job_of.get((upload.key, upload.version_id))

    def seconds_of(self, upload: Upload) -> float | None:
        """Real seconds from the drop to the end of the job's execution; None while it runs."""
        ended_at = self._ended_at(upload)
        return None if ended_at is None else ended_at - upload.dropped_at

    def ended(self, uploads: Iterable[Upload]) -> list[Upload]:
        """Those whose execution has ended by now."""
        return [upload for upload in uploads if self._ended_at(upload) is not None]

    def finished(
        self, uploads: Iterable[Upload], give_up_after: float, while_waiting: Callable[[], None] = lambda: None
    ) -> Iterator[Upload]:
        """Each upload when its execution has ended. ``while_waiting`` is called some times a second.

        Those are left out that have not ended after ``give_up_after`` stack seconds, or that nobody could take in.
        """
        pending = set(uploads)
        give_up_at = self.clock.elapsed() + give_up_after
        while pending and self.clock.elapsed() < give_up_at and self.uploads_given_up() < len(pending):
            with self._changed:
                ended = self.ended(pending)
                if not ended:
                    self._changed.wait(0.2)
            pending.difference_update(ended)
            while_waiting()
            yield from ended

    def wait_for(self, upload: Upload, give_up_after: float = 3600.0) -> str:
        """The job id of an upload once its execution has ended.

        Raises:
            TimeoutError: it has not after ``give_up_after`` stack seconds.
        """
        for _ in self.finished([upload], give_up_after):
            return self._job_of[upload.key, upload.version_id]
        raise TimeoutError(f"{upload.key} was not finished after {give_up_after:g} s of stack time.")

    def record(self, job_id: str) -> Record:
        """Everything the table knows of a job."""
        return record_of(self.rows(f"JOB#{job_id}"))

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's item as plain values; empty when there is none."""
        return self.record(job_id).job

    def submissions(self, job_id: str) -> list[dict[str, Any]]:
        return self.record(job_id).submissions

    def notifications(self, job_id: str | None = None) -> list[Notification]:
        """What was published, of one job or of all, in the order of delivery."""
        return [item for item in self._notifications.all() if job_id in (None, item.message.get("job_id"))]

    def rows(self, partition: str) -> dict[str, dict[str, Any]]:
        """All items of a partition as plain values, by sort key."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
        )
        return {item["SK"]["S"]: from_attributes(item) for page in pages for item in page["Items"]}

    def status(self, execution_arn: str) -> str:
        """The status of an execution, as Step Functions names it."""
        return str(self.states.describe_execution(executionArn=execution_arn)["status"])

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        return [dict(event) for event in self.states.get_execution_history(executionArn=execution_arn)["events"]]

    def executions(self, job_id: str) -> list[str]:
        """The ARNs of a job's executions, in the order they were started."""
        return list(self._executions.get(job_id, Executions()).arns)

    def loops(self) -> list[str]:
        """The ARNs of the executions that belong to no job, in the order they were started."""
        return list(self._loops)

    def uploads_given_up(self) -> int:
        """How many messages lie in the intake's dead-letter queue."""
        queue_url = self.resources.ids["UploadDeadLetterQueue"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    @property
    def usage_plan_id(self) -> str:
        """The usage plan in which the clients of the API are enrolled."""
        plan = self.resources.api.plan
        if plan is None:
            raise TemplateError("template.yaml has no usage plan for its API.")
        return plan.id

    @property
    def scripted(self) -> ScriptedServer:
        """The server of the scripted provider."""
        return self._servers.scripted

    @property
    def simulators(self) -> Mapping[str, Simulator]:
        """The simulators that run, by provider."""
        return self._servers.simulators

    @property
    def simulated(self) -> frozenset[str]:
        """The providers to which no document really goes."""
        return frozenset({scripted_provider.NAME, *self._servers.simulators})

    # --- interventions ------------------------------------------------------------------------------------------------

    def invoke_function(self, logical_id: str, payload: Mapping[str, Any]) -> Any:
        """The answer of a function, or its error as Lambda would report it."""
        return json.loads(self._invoked(self.resources.ids[logical_id], json.dumps(payload).encode())[0])

    def sweep(self) -> Any:
        """Run the scheduled safety net now."""
        name = self.resources.ids["SweepJobsFunction"]
        return json.loads(answered(lambda: self._runtime.tick(name))[0])

    def abort(self, execution_arn: str) -> None:
        self.states.stop_execution(executionArn=execution_arn)

    def reset(self) -> None:
        """Abort everything that runs and forget all jobs, providers, notifications, costs, faults and denials."""
        self.faults.restore()
        self._abort_all()
        with self._runtime.unaware():
            empty(self.table)
        self._notifications.clear()
        self._executions.clear()
        self._job_of.clear()
        self._loops.clear()
        self.ledger.clear()
        self.permissions.clear()
        self._servers.restart()

    # --- what the patched moto calls ----------------------------------------------------------------------------------

    def invoke(self, function_name: str, payload: bytes, invocation_type: str) -> tuple[bytes, bool]:
        return self._runtime.invoke(function_name, payload, invocation_type)

    def pump_of(self, queue_arn: str) -> Pump | None:
        return self._runtime.pump_of(queue_arn)

    def table_called(self, call: TableCall) -> None:
        for tell in self._told_of_writes:
            tell(call)

    def execution_started(self, arn: str, machine_arn: str, execution_input: Any) -> None:
        self._running.add(arn)
        if machine_arn != self.resources.state_machines["CaptureInvoiceStateMachine"]:
            self._loops.append(arn)
            return
        job_id, document = execution_input["job_id"], execution_input["document"]
        self.ledger.job_of_document(document, job_id)
        with self._changed:
            self._job_of[document["key"], document["version_id"]] = job_id
            executions = self._executions.setdefault(job_id, Executions())
            executions.arns.append(arn)
            executions.running += 1

    def execution_ended(self, arn: str, execution_input: Any, events: list[dict[str, Any]]) -> None:
        self._running.discard(arn)
        self.ledger.execution_ended(execution_input, events)
        if failure := events[-1].get("executionFailedEventDetails"):
            _LOG.warning("%s failed: %s", arn, failure.get("error"))
        with self._changed:
            executions = self._executions.get(execution_input.get("job_id", ""))
            if executions is not None and arn in executions.arns:
                executions.running -= 1
                executions.ended_at = time.monotonic()
            self._changed.notify_all()

    def in_execution(self, machine_arn: str, execution_input: Any, run: Callable[[], None]) -> None:
        [name] = [name for name, arn in self.resources.state_machines.items() if arn == machine_arn]
        role = self.resources.roles[self.resources.machine_roles[machine_arn]]
        with callers.acting_as(Caller(name, role)), counting.attributed_to(execution_input):
            run()

    # --- parts --------------------------------------------------------------------------------------------------------

    def _wind_down(self) -> None:
        """Let nothing work on when moto is gone."""
        self._runtime.stop()
        self._abort_all()
        self.clock.close()
        give_up_at = time.monotonic() + _WIND_DOWN_SECONDS
        while self.clock.at_work > 0 and time.monotonic() < give_up_at:
            time.sleep(0.005)

    def _abort_all(self) -> None:
        for arn in list(self._running):
            self.abort(arn)

    def _connect(self) -> None:
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")
        self.states, self.dynamodb = boto3.client("stepfunctions"), boto3.client("dynamodb")
        self.bucket, self.table = self.resources.ids["DocumentsBucket"], self.resources.ids["Table"]
        prefix = self.resources.function("SubmitDocumentFunction").environment["PROVIDER_SECRET_PREFIX"]
        secrets = boto3.client("secretsmanager")
        for provider, settings in self._servers.settings.items():
            secrets.create_secret(Name=f"{prefix}{provider}", SecretString=json.dumps(dict(settings)))
        self._notifications = Notifications(self.sqs, self.resources.ids["NotificationsTopic"])

    def _new_container(self, function: template.Function) -> Callable[[], AbstractContextManager[None]]:
        """Each function has an application of its own, as a warm container would keep it."""
        added = {
            "AWS_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "DOCUMENT_LINKS_ENDPOINT": self.links_endpoint,
            "TRUSTED_ORIGINS": ",".join((self.links_endpoint, *self._trusted_origins)),
        }
        application = Application({**function.environment, **added}, FunctionClock(self.clock))
        return lambda: using(application)

    def _provider_asked(self) -> None:
        if self.gate is not None:
            self.gate.provider_asked()
        self.ledger.provider_request()

    def _invoked(self, function_name: str, payload: bytes) -> tuple[bytes, bool]:
        with self.clock.work():
            return answered(lambda: self._runtime.invoke(function_name, payload))

    def _ended_at(self, upload: Upload) -> float | None:
        executions = self._executions.get(self.job_id_of(upload) or "")
        return executions.ended_at if executions is not None and not executions.running else None
