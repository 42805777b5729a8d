"""The API's world on AWS as moto has it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from invoice_capture.api.jobs_api import JobsApi
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.idempotency import DynamoDBIdempotency
from invoice_capture.aws.job_catalogue import DynamoDBJobCatalogue
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from tests.fakes.stores import BUCKET
from tests.unit.api.api_world import ApiWorld

TABLE = "table"
RETENTION = timedelta(days=400)


class AwsWorld(ApiWorld):
    """The world on AWS."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        table = Table(clients, TABLE)
        self.jobs: Any = DynamoDBJobStore(table, RETENTION)
        self.orders: Any = DynamoDBJobOrders(table, RETENTION)
        self.submissions: Any = DynamoDBSubmissionStore(table, RETENTION)
        self.documents: Any = S3DocumentStore(clients, BUCKET)
        self.catalogue: Any = DynamoDBJobCatalogue(table, RETENTION)
        self.idempotency: Any = DynamoDBIdempotency(clients, TABLE)
        self.api = JobsApi(self.services())
