"""What a run would have been charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.all_in_cost import prices
from benchmarks.all_in_cost.meter import Usage
from benchmarks.all_in_cost.run import Run

# Lambda gives a function one whole processor at so many megabytes, and below it a part of one.
_MEGABYTES_OF_A_PROCESSOR = 1769
# How long an answer takes, in seconds: assumed, on the slow side of what is usually seen, for nothing here runs on
# AWS. A service that is missing here is a KeyError, so that none is forgotten.
_WAIT = {
    "dynamodb": 0.008,
    "s3": 0.040,
    "sqs": 0.015,
    "sns": 0.030,
    "sfn": 0.030,
    "secrets-manager": 0.030,
}
_TEXTRACT_WAIT = 2.0
_S3_READS = frozenset({"GetObject", "HeadObject"})
_S3_FREE = frozenset({"DeleteObject", "DeleteObjects"})
_QUEUED = "ReceiveUploadFunction", "ExtractDocumentFunction"
# Lambda looks into a queue with so many long polls at once, each of twenty seconds.
_POLLERS, _POLL_SECONDS = 5, 20
# Server access logs have a line for every request.
_ACCESS_LOG_LINE = 700


@dataclass(frozen=True)
class Line:
    """``usd`` is for ``quantity`` of ``unit``."""

    name: str
    quantity: float
    unit: str
    usd: float


def per_job(run: Run, cold: float, retention_days: int, log_days: int) -> list[Line]:
    """Of one job, from the upload of its document to its removal. ``cold`` of all invocations find no container."""
    return [
        Line(line.name, line.quantity / run.jobs, line.unit, line.usd / run.jobs)
        for line in _lines(run, cold, retention_days / prices.DAYS_OF_A_MONTH, log_days / prices.DAYS_OF_A_MONTH)
    ]


def _lines(run: Run, cold: float, months: float, log_months: float) -> Iterator[Line]:
    jobs, stored = run.jobs, run.stored
    usage = [*run.capture.invocations, *run.removal.invocations]
    calls = run.costs.aws_calls + run.removal_costs.aws_calls
    yield _line("Step Functions", run.costs.state_transitions, "state transitions", prices.STATE_TRANSITION)
    yield _line("Lambda, requests", len(usage), "invocations", prices.LAMBDA_REQUEST)
    warm = gigabyte_seconds(run.capture) + gigabyte_seconds(run.removal)
    warm += run.pages_read * _TEXTRACT_WAIT * _memory(run, "ExtractDocumentFunction") / 1024
    yield _line("Lambda, time", warm, "GB-seconds", prices.LAMBDA_GB_SECOND["arm64"])
    yield _line("Lambda, starts", cold * _starts(run), "GB-seconds", prices.LAMBDA_GB_SECOND["arm64"])
    writes = run.costs.write_units + run.costs.write_units_invoice
    writes += run.removal_costs.write_units + run.removal_costs.write_units_invoice
    yield _line("DynamoDB, writes", writes, "write units", prices.WRITE_UNIT)
    reads = run.costs.read_units + run.removal_costs.read_units
    yield _line("DynamoDB, reads", reads, "read units", prices.READ_UNIT)
    table = (stored.table + stored.indexes) / prices.GB * months
    yield _line("DynamoDB, stored", table, "GB-months", prices.TABLE_GB_MONTH)
    yield _line("DynamoDB, backup", stored.table / prices.GB * months, "GB-months", prices.TABLE_BACKUP_GB_MONTH)
    s3 = Counter({name.removeprefix("s3:"): count for name, count in calls.items() if name.startswith("s3:")})
    s3["PutObject"] += jobs  # the upload
    reading = sum(s3[name] for name in _S3_READS)
    writing = s3.total() - reading - sum(s3[name] for name in _S3_FREE)
    yield _line("S3, writes and lists", writing, "requests", prices.S3_WRITE)
    yield _line("S3, reads", reading, "requests", prices.S3_READ)
    yield _line("S3, stored", stored.bucket / prices.GB * months, "GB-months", prices.S3_GB_MONTH)
    access = s3.total() * _ACCESS_LOG_LINE / prices.GB * log_months
    yield _line("S3, access logs stored", access, "GB-months", prices.S3_GB_MONTH)
    # Every object made, and every version removed.
    yield _line("EventBridge", 2 * s3["PutObject"] + s3["CopyObject"], "events", prices.EVENT)
    batches = sum(each.function in _QUEUED for each in run.capture.invocations)
    # EventBridge sends uploads; each batch is received and deleted.
    yield _line("SQS", jobs + calls["sqs:SendMessage"] + 2 * batches, "requests", prices.SQS_REQUEST)
    yield _line("SNS", calls["sns:Publish"], "publications", prices.SNS_PUBLICATION)
    yield _line("Secrets Manager", calls["secretsmanager:GetSecretValue"], "requests", prices.SECRETS_REQUEST)
    # Each batch of a queue begins one, which an execution goes on with; as if all were sampled.
    yield _line("X-Ray", batches, "traces", prices.TRACE)
    logged = (run.capture.log_bytes_with_platform + run.removal.log_bytes_with_platform) / prices.GB
    yield _line("CloudWatch Logs, written", logged, "GB", prices.LOG_GB)
    yield _line("CloudWatch Logs, stored", logged * log_months, "GB-months", prices.LOG_GB_MONTH)


def gigabyte_seconds(usage: Usage) -> float:
    """Of all its invocations, each billed in whole milliseconds: its work on its part of a processor, and its waits."""
    total = 0.0
    for each in usage.invocations:
        waited = sum(_WAIT[name.partition(".")[0]] * count for name, count in each.requests.items())
        seconds = each.work_seconds / _share(each.memory_megabytes) + waited
        total += _whole_milliseconds(seconds) * each.memory_megabytes / 1024
    return total


def monthly(run: Run, cloudformation: Mapping[str, Any]) -> list[Line]:
    """What is charged a month, whether documents come or not."""
    resources = [resource for name, resource in cloudformation["Resources"].items() if name in run.present]
    kinds = Counter(resource["Type"] for resource in resources)
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    looked_at = sum(sum("MetricStat" in metric for metric in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    # What is read of a stream is not charged.
    sources = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    queues = sum("StartingPosition" not in source for source in sources)
    polls = queues * _POLLERS * prices.SECONDS_OF_A_MONTH / _POLL_SECONDS
    rounds = {"SweepJobsFunction": 300, "RemoveJobsFunction": 3600}
    lines = [
        _line("CloudWatch, alarms", looked_at, "metrics", prices.ALARM_METRIC_MONTH),
        _line("CloudWatch, dashboard", kinds["AWS::CloudWatch::Dashboard"], "dashboards", prices.DASHBOARD_MONTH),
        _line(
            "CloudWatch, metrics of a month with documents", len(run.capture.metrics), "metrics", prices.METRIC_MONTH
        ),
        _line("KMS, key of the alarms", kinds["AWS::KMS::Key"], "keys", prices.KEY_MONTH),
        _line("SQS, polls of empty queues", polls, "requests", prices.SQS_REQUEST),
    ]
    for name, every_seconds in rounds.items():
        times, usage, costs = prices.SECONDS_OF_A_MONTH / every_seconds, run.rounds[name], run.round_costs[name]
        usd = (
            prices.LAMBDA_REQUEST
            + gigabyte_seconds(usage) * prices.LAMBDA_GB_SECOND["arm64"]
            + costs.read_units * prices.READ_UNIT
            + costs.write_units * prices.WRITE_UNIT
            + prices.TRACE
            + usage.log_bytes_with_platform / prices.GB * prices.LOG_GB
        )
        lines.append(Line(f"Rounds of {name.removesuffix('Function')}", times, "rounds", times * usd))
    return lines


def _starts(run: Run) -> float:
    """GB-seconds if every invocation of the capture had to start a container: billed like work since August 2025."""
    total = 0.0
    for each in run.capture.invocations:
        work = run.start_seconds[each.function]
        work += run.child_seconds if each.function == "ExtractDocumentFunction" else 0.0
        total += _whole_milliseconds(work / _share(each.memory_megabytes)) * each.memory_megabytes / 1024
    return total


def _memory(run: Run, function: str) -> int:
    return next(each.memory_megabytes for each in run.capture.invocations if each.function == function)


def _share(memory_megabytes: int) -> float:
    return min(1.0, memory_megabytes / _MEGABYTES_OF_A_PROCESSOR)


def _whole_milliseconds(seconds: float) -> float:
    return -(-seconds * 1000 // 1) / 1000


def _line(name: str, quantity: float, unit: str, price: float) -> Line:
    return Line(name, quantity, unit, quantity * price)


def total(lines: Iterable[Line]) -> float:
    return sum(line.usd for line in lines)
