"""The interpreter of state machines: JSONata, threads, waits and task tokens."""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_dynamodb,
    state_task_service_sfn,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.eval.states import ContextObject, TaskData
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local_stack.clock import ScaledClock
from local_stack.iam import task_tokens
from local_stack.moto_patches import expressions, task_errors
from local_stack.moto_patches.host import Host, Patch
from local_stack.moto_patches.services import locked

_LOG = logging.getLogger(__name__)
_SENDS_TASKS = (
    lambda_eval_utils,
    state_task_service_dynamodb,
    state_task_service_sfn,
    state_task_service_sns,
)


def patches(host: Host) -> list[Patch]:
    return [
        *_executions(host),
        *_integrations(),
        *task_errors.patches(),
        *_expressions(host.clock),
        *_waits(host.clock),
        *_callbacks(host.clock),
    ]


class _InlineThread:
    """moto runs every task on a thread of its own; thousands of waiting jobs then hold three threads each.

    A task that computes is not cut off by its timeout here: a thread cannot be killed. One that waits is.
    """

    def __init__(self, target: Callable[[], None], daemon: bool) -> None:  # noqa: ARG002 - Thread's signature
        self._target = target

    def start(self) -> None:
        self._target()


def _executions(host: Host) -> list[Patch]:
    terminated, set_error = BaseExecutionWorkerCommunication.terminated, Environment.set_error
    clients = _Clients()

    def start(worker: Any) -> None:
        """One thread an execution, with its environment ready before anybody can ask for it."""
        environment = worker._get_evaluation_environment()
        # A datetime is no JSON value, yet expressions may see the context object.
        execution = environment.states.context_object.context_object_data["Execution"]
        execution["StartTime"] = execution["StartTime"].isoformat()
        worker.env, worker._get_evaluation_environment = environment, lambda: environment
        running = worker._execution_communication.execution
        host.execution_started(running.exec_arn, running.state_machine.arn, running.input_data)
        host.clock.begin_work()
        threading.Thread(target=run, args=(worker, running), name=running.name, daemon=True).start()

    def run(worker: Any, running: Any) -> None:
        try:
            host.in_execution(running.state_machine.arn, running.input_data, worker._execution_logic)
        except Exception:
            _LOG.exception("Execution %s broke the interpreter", running.name)
        finally:
            host.clock.end_work()

    def run_program(program: Any, environment: Any) -> None:
        """On the execution's own thread; the deadline of a state machine counts in stack time."""
        environment.next_state_name = program.start_at.start_at_name
        seconds = program.timeout_seconds.timeout_seconds if program.timeout_seconds else 10**9

        def time_out() -> None:
            environment.set_timed_out()
            _interrupt(environment)

        deadline = host.clock.call_later(seconds, time_out)
        EvalComponent.eval(program, environment)
        deadline.cancel()

    def stop(execution: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
        """moto lets an aborted execution go on until its present task ends; AWS aborts at once."""
        execution.exec_worker.stop(stop_date=stop_date, error=error, cause=cause)
        if execution.exec_status == ExecutionStatus.RUNNING:
            execution.exec_status, execution.stop_date = ExecutionStatus.ABORTED, stop_date
        _interrupt(execution.exec_worker.env)

    def set_error_unless_over(environment: Any, error: Any) -> None:
        """An interrupted task fails; an aborted or timed-out execution stays aborted or timed out."""
        if not isinstance(environment._program_state, ProgramStopped | ProgramTimedOut):
            set_error(environment, error)

    def tell_end(communication: Any) -> None:
        terminated(communication)
        ended = communication.execution
        events = ended.exec_worker.env.event_manager._history_event_list
        host.execution_ended(ended.exec_arn, ended.input_data, events)

    parse = AmazonStateLanguageParser.parse
    return [
        # Parsing a definition takes longer than a whole execution.
        (AmazonStateLanguageParser, "parse", staticmethod(functools.lru_cache(maxsize=16)(parse))),
        (EventManager, "_get_current_timestamp", staticmethod(host.clock.now)),
        (execute_state, "Thread", _InlineThread),
        (execute_state, "TMP_THREADS", deque(maxlen=0)),
        (ExecutionWorker, "start", start),
        (Program, "eval", run_program),
        (Execution, "stop", stop),
        (Environment, "set_error", set_error_unless_over),
        (BaseExecutionWorkerCommunication, "terminated", tell_end),
        *((module, "boto_client_for", clients.get) for module in _SENDS_TASKS),
        *locked(StepFunctionsParserBackend, "start_execution", "create_state_machine"),
    ]


def _integrations() -> list[Patch]:
    def to_boto(_task: Any, parameters: dict[str, Any], *_names: str) -> None:
        """moto passes a state's arguments on as they are; boto3 wants them as this one service spells them."""
        for name in list(parameters):
            value = parameters.pop(name)
            is_json = name == "Input" and not isinstance(value, str)
            parameters[name[0].lower() + name[1:]] = json.dumps(value) if is_json else value

    return [(state_task_service_sfn.StateTaskServiceSfn, "_normalise_parameters", to_boto)]


class _Clients:
    """moto makes a client for every task, which costs more than the task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._create = boto_client.boto_client_for

    def get(self, region: str, service: str, state_credentials: Any = None) -> Any:
        with self._lock:
            if (region, service) not in self._clients:
                self._clients[region, service] = self._create(region, service, state_credentials)
            return self._clients[region, service]


def _expressions(clock: ScaledClock) -> list[Patch]:
    def evaluate_body(component: Any, environment: Any) -> None:
        variables, states = environment.variable_store, environment.states
        given = {**variables._outer_scope, **variables._inner_scope, "states": states._states_data}
        context = states.context_object.context_object_data
        outcome = expressions.evaluate(component.expression, given, clock.now(), context)
        if "error" in outcome:
            raise _query_failed(environment, f"'{component.expression}' failed: {outcome['error']}")
        if "undefined" in outcome:
            raise _query_failed(environment, f"'{component.expression}' returned nothing (undefined)")
        environment.stack.append(outcome["value"])

    return [(StringJSONata, "_eval_body", evaluate_body)]


def _query_failed(environment: Any, what: str) -> FailureEventException:
    """On AWS every failure of an expression is a States.QueryEvaluationError, which may be retried or caught."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(cause=f"The JSONata expression {what}.", error=name.error_name)
    return FailureEventException(
        FailureEvent(
            env=environment,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )


def _waits(clock: ScaledClock) -> list[Patch]:
    def wait_interval(_function: Any, env: Any, wait_seconds: float) -> None:
        wake_up = env.local_stack_wake_up = threading.Event()
        if env.is_running():
            clock.wait(wake_up, wait_seconds)

    return [
        (WaitFunction, "_wait_interval", wait_interval),
        # The only use of the module there is the wait before a retry.
        (retrier_decl, "time", clock),
    ]


def _interrupt(environment: Any) -> None:
    """Wake an execution that waits, whatever it waits for, to see that it is over."""
    for endpoint in list(environment.callback_pool_manager._pool.values()):
        endpoint.interrupt_all()
    wake_up = getattr(environment, "local_stack_wake_up", None)
    if wake_up is not None:
        wake_up.set()


def _callbacks(clock: ScaledClock) -> list[Patch]:
    """Task tokens as on AWS: resolved by whoever comes first, refused afterwards.

    moto searches all executions for a token, forgets the cause of a failure, takes any number of answers, and repeats a
    state with the token that its first attempt was answered by.
    """
    evaluate = StateTaskServiceCallback._evaluate_with_timeout
    lock = threading.Lock()
    endpoints: dict[str, Any] = {}
    add, interrupt_all = callback.CallbackPoolManager.add, callback.CallbackEndpoint.interrupt_all

    def new_token(context: Any) -> str:
        token = task_tokens.new(context.context_object_data["StateMachine"]["Id"])
        context.context_object_data["Task"] = TaskData(Token=token)
        return token

    def add_and_remember(pool: Any, token: str) -> Any:
        endpoints[token] = add(pool, token)
        return endpoints[token]

    def evaluate_attempt(task: Any, environment: Any) -> None:
        context = environment.states.context_object
        if "Task" in context.context_object_data and context.context_object_data["State"]["RetryCount"]:
            environment.callback_pool_manager.get(context.context_object_data["Task"]["Token"]).interrupt_all()
            environment.callback_pool_manager.add(context.update_task_token())
        evaluate(task, environment)

    def close(endpoint: Any) -> None:
        with lock:
            endpoints[endpoint.callback_id] = None
        interrupt_all(endpoint)

    def wait(_task: Any, timeout_seconds: float, endpoint: Any) -> Any:
        clock.wait(endpoint._notify_event, timeout_seconds)
        close(endpoint)
        return endpoint.get_outcome()

    def resolve_token(token: str, outcome: Any) -> None:
        with lock:
            if token not in endpoints:
                raise InvalidToken("'Invalid token'")
            endpoint, endpoints[token] = endpoints[token], None
        if endpoint is None:
            raise AWSError("Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut")
        endpoint.notify(outcome)

    def succeed(_backend: Any, task_token: str, outcome: str) -> None:
        resolve_token(task_token, callback.CallbackOutcomeSuccess(task_token, outcome))

    def fail(response: Any) -> Any:
        token = response._get_param("taskToken")
        outcome = callback.CallbackOutcomeFailure(token, response._get_param("error"), response._get_param("cause"))
        resolve_token(token, outcome)
        return EmptyResult()

    return [
        (ContextObject, "update_task_token", new_token),
        (callback.CallbackPoolManager, "add", add_and_remember),
        (callback.CallbackEndpoint, "interrupt_all", close),
        (StateTaskServiceCallback, "_evaluate_with_timeout", evaluate_attempt),
        (StateTaskServiceCallback, "_wait_for_task_token_timeout", wait),
        (StepFunctionsParserBackend, "send_task_success", succeed),
        (StepFunctionResponse, "send_task_failure", fail),
    ]
