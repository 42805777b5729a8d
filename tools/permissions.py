"""The permissions that the template gives and nothing uses.

    python -m tools.permissions

Runs a local stack, which holds every role to its policies, through scenarios that use everything: each kind of
provider, the API, a person at the provider, outages, lost answers, retries, deletions, and the sweeper. Lists the
permissions that nobody needed, and what was denied. Ends with status 1 when there is one that is not explained here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

import boto3
import requests

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
from invoice_capture.domain.webhook import EVERYTHING, Endpoint, Webhook, compose_key
from invoice_capture.use_cases.client.manage_keys import ManageKeys
from local_stack.hostility import FOREVER, Fault
from local_stack.iam.policies import Permission
from local_stack.records import Upload
from local_stack.serve import make_key
from local_stack.simulators.script import Action
from local_stack.stack import LocalStack
from tools.api_statuses import Client, use
from tools.stage import PROJECT, SAMPLES

_PDF = (SAMPLES / "dutch_eur_labels_below.pdf").read_bytes()
_XML = (SAMPLES / "peppol_ubl_belgium.xml").read_bytes()
_PROVIDERS = ("embedded", "scripted", "abbyy", "extract_api", "ocr_job")
_PATIENCE_SECONDS = 120
_A_WEEK = 7 * 24 * 3600.0
# What AWS itself does with the roles of state machines, outside of what is emulated.
_BY_AWS = ("logs:", "xray:")
# Whoever reads objects is told 404 instead of 403 by it; each role would have to miss an object here.
_FOR_404 = {"s3:ListBucket": ("s3:GetObject", "s3:GetObjectVersion"), "s3:ListBucketVersions": ("s3:GetObjectVersion",)}
# What would take another mishap to be needed, with the mishap; by the function or state machine, and the action.
_IN_CASE = {
    "PollProviderStateMachineRole states:StartExecution": "a loop hands over after 2,000 turns",
    "ReceiveUploadFunctionRole s3:GetObject": "an event names no version",
    "ReceiveUploadFunctionRole sqs:GetQueueAttributes": "Lambda asks when it begins to read the queue",
    "ExtractDocumentFunctionRole sqs:GetQueueAttributes": "Lambda asks when it begins to read the queue",
    "DeliverMessagesFunctionRole sqs:GetQueueAttributes": "Lambda asks when it begins to read the queue",
    "SubmitDocumentFunctionRole states:SendTaskSuccess": "a repeat finds its submission stored",
    "CheckSubmissionsFunctionRole sqs:SendMessage": "a function was ended before it had asked the engine",
    "ReceiveUploadFunctionRole sqs:SendMessage": "an upload could not be taken in five times, and is put aside",
    "SubmitDocumentFunctionRole sns:Publish": "the budget of the month is nearly used up, or is",
    "ExtractDocumentFunctionRole sns:Publish": "a page that Textract reads uses the budget up",
    "StoreInvoiceFunctionRole dynamodb:GetItem": "a repeated step looks whether its end is still to be announced",
    "ExtractDocumentFunctionRole sqs:SendMessage": "Textract is busy, and a document is put back",
    "SweepJobsFunctionRole states:StartExecution": "an execution is gone whose answer was paid for",
    "CaptureInvoiceStateMachineRole sns:Publish": "an execution was started under the previous definition",
    "ExtractDocumentFunctionRole dynamodb:GetItem": "a token was closed meanwhile, and the row has a newer one",
    "SweepJobsFunctionRole states:SendTaskFailure": "a job is past its deadline while its execution still waits",
    "FetchDocumentFunctionRole s3:DeleteObjectVersion": "a job is deleted while its document is fetched",
    "CheckSubmissionsFunctionRole s3:DeleteObjectVersion": "a job is deleted while its answer is kept",
    "ExtractDocumentFunctionRole s3:DeleteObjectVersion": "a job is deleted while its answer is kept",
    "SubmitDocumentFunctionRole dynamodb:DeleteItem": "a job is deleted while its fingerprint is claimed",
    "StoreInvoiceFunctionRole dynamodb:DeleteItem": "a job is deleted while lines of its invoice are written",
    "EraseJobFunctionRole s3:GetObjectVersion": "a document that was dropped into the bucket is deleted by the API",
    "RemoveJobsFunctionRole s3:DeleteObjectVersion": "an upload is younger than the retention of its job",
    "RecordChangesFunctionRole dynamodb:DescribeStream": "Lambda reads the stream; the local stack hands it over",
    "RecordChangesFunctionRole dynamodb:GetRecords": "Lambda reads the stream; the local stack hands it over",
    "RecordChangesFunctionRole dynamodb:GetShardIterator": "Lambda reads the stream; the local stack hands it over",
    "RecordChangesFunctionRole dynamodb:ListStreams": "Lambda reads the stream; the local stack hands it over",
    "RecordChangesFunctionRole dynamodb:GetItem": "what comes after the end of a job is no begin of a history",
    "RecordChangesFunctionRole sqs:SendMessage": "a change could not be recorded for a day",
    "FetchDocumentFunctionRole s3:GetObjectVersion": "an order names what a form of the previous release stored",
    "FetchDocumentFunctionRole s3:GetObject": "an order names a document that was dropped into the bucket",
    "EraseJobFunctionRole s3:DeleteObjectVersion": "a document that was dropped into the bucket is deleted by the API",
}

Scenario = Callable[[LocalStack, Client], None]


def main() -> int:
    """1 when a permission is neither used nor explained, or something was denied."""
    argparse.ArgumentParser(description="List permissions of the template that nothing uses.").parse_args()
    settings: Mapping[str, Mapping[str, str]] = {name: {} for name in ("abbyy", "extract_api", "ocr_job")}
    unthrottled = ("RequestsPerSecond", "RequestBurst", "StageRequestsPerSecond", "StageRequestBurst")
    messages = {"Webhooks": "true", "EventBusName": "default"}
    parameters = {"Ocr": "textract", "JobDeadlineHours": "72", **messages, **dict.fromkeys(unthrottled, "1000")}
    with LocalStack(time_scale=5_000, api_port=0, parameters=parameters, provider_settings=settings) as stack:
        client = Client(str(stack.api_url), make_key(stack))
        for scenario in _SCENARIOS:
            print(f"--- {scenario.__doc__}", flush=True)
            scenario(stack, client)
            stack.faults.restore()
        denied = [str(denial) for denial in stack.permissions.denied]
        unused = [permission for permission in stack.permissions.unused() if not _is_explained(permission, stack)]
    for denial in sorted(set(denied)):
        print(f"denied: {denial}", file=sys.stderr)
    for permission in unused:
        print(f"never used: {permission}", file=sys.stderr)
    print(f"permissions that nothing uses: {len(unused)}, denials: {len(denied)}")
    return 1 if unused or denied else 0


def _is_explained(permission: Permission, stack: LocalStack) -> bool:
    if permission.action.startswith(_BY_AWS) or f"{permission.role} {permission.action}" in _IN_CASE:
        return True
    readers = {used.action for used in stack.permissions.used if used.role == permission.role}
    return bool(readers & set(_FOR_404.get(permission.action, ())))


# --- scenarios --------------------------------------------------------------------------------------------------------


def _each_provider(stack: LocalStack, client: Client) -> None:
    """a document to each kind of provider, twice the same, and a scan"""
    scan = (PROJECT / "samples" / "scans" / "english_gbp_scanned.pdf").read_bytes()
    uploads = [stack.upload(f"incoming/{name}/{name}.pdf", _marked(name)) for name in _PROVIDERS]
    uploads += [stack.upload("incoming/embedded/scan.pdf", scan), stack.upload("incoming/embedded/again.xml", _XML)]
    uploads += [stack.upload("incoming/embedded/twice.xml", _XML), stack.upload("incoming/embedded/empty.pdf", b"")]
    _wait(lambda: len(stack.ended(uploads)) == len(uploads), "the end of every document")
    dropped = client.ask("GET", "/ocr-invoice-job/{id}/document", stack.job_id_of(uploads[0]) or "")
    requests.get(dropped.headers["Location"], timeout=30).raise_for_status()


def _the_api(stack: LocalStack, client: Client) -> None:
    """what clients of the API do, right and wrong"""
    use(stack, client)
    of_one = ManageKeys(
        DynamoDBKeyStore(Table(Clients(), stack.table)),
        ApiGatewayUsagePlans(Clients(), stack.usage_plan_id),
        stack.clock,
    )
    one = Client(client.url, of_one.create("one", set(), "sees its own jobs")[1])
    one.ask("GET", "/ocr-invoice-job")
    one.ask("GET", "/ocr-invoice-job", params={"filter": '{"status": "completed"}'})


def _orders_for_providers(stack: LocalStack, client: Client) -> None:
    """orders by link, confirmed and deleted, for providers that hear of it"""
    for name in _PROVIDERS:
        link = f"{stack.links_endpoint}/"
        form = {"file": (f"{name}.pdf", _marked(f"order {name}"))}
        created = client.ask("POST", "/ocr-invoice-job/documents", files=form, data={"template": name}).json()["data"]
        client.end(created["_id"])
        client.ask("POST", "/ocr-invoice-job/{id}/confirm", created["_id"], json={"values": {"total": "1.00"}})
        location = client.ask("GET", "/ocr-invoice-job/{id}/document", created["_id"]).headers["Location"]
        assert location.startswith(link)
        # The document of one order by the link of another.
        requests.get(location, timeout=30).raise_for_status()
        body = {"jobNumber": f"by link {name}", "documentName": "a.pdf", "documentUrl": location, "template": name}
        by_link = client.ask("POST", "/ocr-invoice-job", json=body).json()["data"]["_id"]
        client.end(by_link)
        for job_id in (created["_id"], by_link):
            client.ask("DELETE", "/ocr-invoice-job/{id}", job_id)
    _settle(stack)


def _deleted_while_it_runs(stack: LocalStack, client: Client) -> None:
    """a job that is deleted while its provider reads"""
    stack.scripted.script.latency_seconds = _A_WEEK
    form = {"file": ("slow.pdf", _marked("slow"))}
    created = client.ask("POST", "/ocr-invoice-job/documents", files=form, data={"template": "scripted"}).json()["data"]
    _wait(lambda: stack.job(created["_id"]).get("status") == "SUBMITTED", "a submission")
    client.ask("DELETE", "/ocr-invoice-job/{id}", created["_id"])
    _wait(lambda: not stack.job(created["_id"]), "the deletion")
    stack.scripted.script.latency_seconds = 20


def _a_person(stack: LocalStack, _client: Client) -> None:
    """a document that a person must verify at the provider"""
    stack.simulators["abbyy"].script.action = Action(seconds=3600)
    upload = stack.upload("incoming/abbyy/verify.pdf", _marked("verify"))
    _wait(lambda: bool(stack.ended([upload])), "the verification")
    stack.simulators["abbyy"].script.action = None


def _an_outage(stack: LocalStack, client: Client) -> None:
    """a provider out of order: documents wait, of the bucket and of the API, or fail and are tried again"""
    simulator = stack.simulators["ocr_job"]
    simulator.fail(on="*", times="forever", status=503)
    uploads = [stack.upload(f"incoming/ocr_job/{number}.pdf", _marked(f"outage {number}")) for number in range(8)]
    form = {"file": ("order.pdf", _marked("outage order"))}
    ordered = client.ask("POST", "/ocr-invoice-job/documents", files=form, data={"template": "ocr_job"}).json()["data"]
    _wait(lambda: all(stack.job_id_of(upload) for upload in uploads), "the intake")
    time.sleep(1)
    simulator.recover()
    _wait(lambda: len(stack.ended(uploads)) == len(uploads), "the end of the outage")
    _wait(lambda: stack.job(ordered["_id"]).get("status") in {"CAPTURED", "FAILED"}, "the order")


def _lost_answers(stack: LocalStack, _client: Client) -> None:
    """answers that are lost, and a result that cannot be used"""
    stack.simulators["ocr_job"].fail(on="process_job", lose_answer=True)
    stack.scripted.script.unusable_results = 1
    uploads = [stack.upload("incoming/ocr_job/lost.pdf", _marked("lost"))]
    uploads += [stack.upload("incoming/scripted/junk.pdf", _marked("junk"))]
    _wait(lambda: len(stack.ended(uploads)) == len(uploads), "the end of the doubt")


def _functions_that_fail(stack: LocalStack, client: Client) -> None:
    """functions that fail three times, whose events go to their destinations"""
    lambdas = boto3.client("lambda")
    ended = ("ExtractDocumentFunction", "EraseJobFunction", "ConfirmInvoiceFunction")
    stack.faults.add(*(Fault(on="lambda:Handler", by=name, ends="Runtime.ExitError", times=FOREVER) for name in ended))
    for name in ended:
        lambdas.invoke(FunctionName=stack.resources.ids[name], InvocationType="Event", Payload=b"{}")
    _settle(stack, 900)


def _a_webhook(stack: LocalStack, _client: Client) -> None:
    """a webhook that leads into the stack's own network, until it is given up"""
    prefix = stack.resources.function("DeliverMessagesFunction").environment["WEBHOOK_SECRET_PREFIX"]
    endpoint = Endpoint("https://169.254.169.254/", compose_key(bytes(32)))
    version = SecretEndpoints(Clients(), prefix, stack.clock).put(EVERYTHING, endpoint)
    webhook = Webhook(EVERYTHING, "https://169.254.169.254", version, stack.clock.now())
    DynamoDBWebhookStore(Table(Clients(), stack.table)).put(webhook)
    stack.upload("incoming/embedded/told.pdf", _marked("told"))
    url = stack.resources.ids["DeliveryDeadLetterQueue"]
    _wait(lambda: bool(stack.sqs.receive_message(QueueUrl=url).get("Messages")), "the end of the day")


def _past_retention(stack: LocalStack, _client: Client) -> None:
    """jobs whose retention is over"""
    stack.clock.advance(402 * 24 * 3600.0)
    stack.invoke_function("RemoveJobsFunction", {})
    _settle(stack)


def _past_its_deadline(stack: LocalStack, _client: Client) -> None:
    """a loop that is lost, a job whose execution is gone, and one that waits past its deadline"""
    stack.scripted.script.latency_seconds = 10 * _A_WEEK
    upload, lost = (stack.upload(f"incoming/scripted/{name}.pdf", _marked(name)) for name in ("late", "adrift"))
    _wait(lambda: _status(stack, upload) == _status(stack, lost) == "SUBMITTED", "both submissions")
    for arn in stack.loops():
        stack.abort(arn)
    stack.abort(stack.executions(stack.job_id_of(lost) or "")[0])
    for _ in range(80):
        stack.clock.advance(3600)
        stack.sweep()
    _wait(lambda: _status(stack, upload) == _status(stack, lost) == "FAILED", "the deadline")


_SCENARIOS: tuple[Scenario, ...] = (
    _each_provider,
    _the_api,
    _orders_for_providers,
    _a_person,
    _an_outage,
    _lost_answers,
    _deleted_while_it_runs,
    _a_webhook,
    _functions_that_fail,
    _past_its_deadline,
    _past_retention,
)


def _marked(text: str) -> bytes:
    """A document of its own, which is no duplicate."""
    return _PDF + f"\n% {text}".encode()


def _status(stack: LocalStack, upload: Upload) -> str:
    job_id = stack.job_id_of(upload)
    return str(stack.job(job_id).get("status")) if job_id else ""


def _settle(stack: LocalStack, seconds: float = 0.0) -> None:
    """Let everything happen that is due within some seconds."""
    _wait(lambda: stack.clock.at_work <= 0, "the end of all work")
    for _ in range(int(seconds // 60)):
        stack.clock.advance(60)
        _wait(lambda: stack.clock.at_work <= 0, "the end of all work")


def _wait(until: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not until():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what.capitalize()} did not come within {_PATIENCE_SECONDS} s.")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
