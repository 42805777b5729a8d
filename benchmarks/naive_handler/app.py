"""What handlers often look like: everything at the top. benchmarks/import_time.py compares ours with it."""

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser

logger = Logger(service="naive")
metrics = Metrics(namespace="Naive", service="naive")
tracer = Tracer(service="naive")
clients = [boto3.client(service) for service in ("dynamodb", "s3", "sns", "stepfunctions")]


class Event(BaseModel):
    job_id: str


@event_parser(model=Event)
def handler(event: Event, _context: Any) -> str:
    return event.job_id
