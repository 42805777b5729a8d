"""What a run would have been charged, from figures that can be checked by hand."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from benchmarks.all_in_cost import bill, prices
from benchmarks.all_in_cost.meter import Invocation, Meter, Usage
from benchmarks.all_in_cost.run import Run, Stored
from local_stack.counting import Costs


def usage(*invocations: Invocation, log_bytes: int = 0) -> Usage:
    return Usage(list(invocations), log_bytes, {"JobsEnded ['x']"})


def invoked(
    function: str = "ExtractDocumentFunction", memory: int = 1769, work: float = 0.1, **asked: int
) -> Invocation:
    return Invocation(function, memory, work, Counter({name.replace("_", "."): count for name, count in asked.items()}))


def run(**changes: Any) -> Run:
    of_two_jobs: dict[str, Any] = {
        "jobs": 2,
        "capture": usage(invoked(), invoked()),
        "costs": Costs(Counter({"s3:GetObject": 4, "s3:PutObject": 2, "s3:DeleteObjects": 2}), write_units=40.0),
        "stored": Stored(bucket=2 * prices.GB, table=prices.GB, indexes=0),
        "pages_read": 0,
        "removal": usage(),
        "removal_costs": Costs(),
        "rounds": {name: usage(invoked(name)) for name in ("SweepJobsFunction", "RemoveJobsFunction")},
        "round_costs": {name: Costs() for name in ("SweepJobsFunction", "RemoveJobsFunction")},
        "start_seconds": {"ExtractDocumentFunction": 1.0},
        "child_seconds": 0.5,
        "present": frozenset({"One", "Two", "Queue", "Stream"}),
    }
    return Run(**of_two_jobs | changes)


def lines(counted: Run, cold: float = 0.0, days: int = 304) -> dict[str, bill.Line]:
    return {line.name: line for line in bill.per_job(counted, cold, days, 30)}


@pytest.mark.parametrize(
    ("invocation", "expected"),
    [
        (invoked(memory=1769, work=0.1), 0.1 * 1769 / 1024),
        # A part of a processor takes longer for the same work.
        (invoked(memory=512, work=0.1), 0.346 * 512 / 1024),
        # More than a processor is of no use to one thread.
        (invoked(memory=3538, work=0.1), 0.1 * 3538 / 1024),
        (invoked(memory=1024, work=0.0, s3_GetObject=2, dynamodb_PutItem=1), 0.088),
        (invoked(memory=1024, work=0.00001), 0.001),
    ],
)
def test_time_is_work_on_a_part_of_a_processor_and_waits_in_whole_milliseconds(
    invocation: Invocation, expected: float
) -> None:
    assert bill.gigabyte_seconds(usage(invocation)) == pytest.approx(expected)


def test_a_service_that_nothing_is_known_of_is_not_forgotten() -> None:
    with pytest.raises(KeyError, match="bedrock"):
        bill.gigabyte_seconds(usage(invoked(bedrock_Converse=1)))


def test_a_job_is_charged_its_part() -> None:
    charged = lines(run())
    assert charged["DynamoDB, writes"].quantity == 20
    assert charged["DynamoDB, writes"].usd == pytest.approx(20 * 0.625e-6)
    # Its result and its upload; to delete is free.
    assert charged["S3, writes and lists"].quantity == 2
    assert charged["S3, reads"].quantity == 2
    assert charged["S3, stored"].usd == pytest.approx(10 * 0.023)
    assert charged["DynamoDB, backup"].usd == pytest.approx(0.5 * 10 * 0.20)


def test_removing_a_job_is_a_part_of_it() -> None:
    removed = run(removal=usage(invoked("RemoveJobsFunction", 512)), removal_costs=Costs(write_units=10.0))
    assert lines(removed)["DynamoDB, writes"].quantity == 25
    assert lines(removed)["Lambda, requests"].quantity == 1.5


def test_starts_are_charged_for_those_that_start() -> None:
    assert lines(run())["Lambda, starts"].usd == 0
    assert lines(run(), cold=0.5)["Lambda, starts"].quantity == pytest.approx(0.5 * 1.5 * 1769 / 1024)


def test_a_page_waits_for_textract() -> None:
    more = lines(run(pages_read=2))["Lambda, time"].quantity - lines(run())["Lambda, time"].quantity
    assert more == pytest.approx(2.0 * 1769 / 1024)


def test_a_month_counts_every_metric_that_an_alarm_of_the_stack_looks_at() -> None:
    metrics = [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "all", "Expression": "a + b"}]
    resources = {
        "One": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x"}},
        "Two": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": metrics}},
        "Three": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x"}},
        "Queue": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}},
        "Stream": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"StartingPosition": "LATEST"}},
    }
    charged = {line.name: line for line in bill.monthly(run(), {"Resources": resources})}
    assert charged["CloudWatch, alarms"].quantity == 3
    # Fifteen a minute.
    assert charged["SQS, polls of empty queues"].quantity == pytest.approx(15 * 60 * 24 * 30.4)


def test_only_what_functions_write_is_counted_as_logged() -> None:
    meter = Meter()
    line = json.dumps({"message": "Ü"}, ensure_ascii=False)
    meter.write(f"2026-12-01 moto INFO something\n{line}\n")
    assert meter.taken().log_bytes == len(line.encode()) + 26
    assert meter.taken().log_bytes == 0
