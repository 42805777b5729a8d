"""What lists are filtered and sorted by: the fields that every row has, as soon as they are known of its job.

A field that is not here has a meaning for a single job only; asking a list for it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from invoice_capture.api.models import DocumentType, InvoiceKind, Priority, Status
from invoice_capture.domain.filters import Field, Kind

_TEXT, _NUMBER, _TRUTH, _MOMENT = Field(Kind.TEXT), Field(Kind.NUMBER), Field(Kind.TRUTH), Field(Kind.MOMENT)

SORTABLE: Mapping[str, Field] = MappingProxyType(
    {
        "_id": _TEXT,
        "jobNumber": _TEXT,
        "documentName": _TEXT,
        "documentUrl": _TEXT,
        "documentType": Field(Kind.TEXT, get_args(DocumentType)),
        "template": _TEXT,
        "group": _TEXT,
        "status": Field(Kind.TEXT, get_args(Status)),
        "priority": Field(Kind.TEXT, get_args(Priority)),
        "progress.percentage": _NUMBER,
        "progress.currentStep": _TEXT,
        "progress.totalSteps": _NUMBER,
        "startedAt": _MOMENT,
        "completedAt": _MOMENT,
        "processingTime": _NUMBER,
        "documentInfo.size": _NUMBER,
        "documentInfo.format": _TEXT,
        "extractedData.invoice.number": _TEXT,
        "extractedData.invoice.date": _MOMENT,
        "extractedData.invoice.supplier.name": _TEXT,
        "extractedData.invoice.amounts.total": _NUMBER,
        "extractedData.invoice.amounts.currency": _TEXT,
        "confidence.overall": _NUMBER,
        "validationResults.isValid": _TRUTH,
        "errorLog": _TEXT,
        "retryCount": _NUMBER,
        "createdBy": _TEXT,
        "createdAt": _MOMENT,
        "updatedAt": _MOMENT,
        "route": _TEXT,
        "provider": _TEXT,
        "duplicateOf": _TEXT,
        "possibleDoubleCharge": _TRUTH,
        "actionUrl": _TEXT,
        "remark": _TEXT,
        "confirmedAt": _MOMENT,
        "invoiceType": Field(Kind.TEXT, get_args(InvoiceKind)),
        "findings": _TEXT,
    }
)
FILTERABLE: Mapping[str, Field] = MappingProxyType({**SORTABLE, "metadata.*": Field(Kind.ANYTHING)})

GLANCED = frozenset(
    {
        "_id",
        "createdAt",
        "status",
        "group",
        "extractedData.invoice.number",
        "extractedData.invoice.date",
        "extractedData.invoice.supplier.name",
        "extractedData.invoice.amounts.total",
        "extractedData.invoice.amounts.currency",
        "confidence.overall",
        "validationResults.isValid",
        "invoiceType",
        "findings",
    }
)
"""What the index of a client's lists has of each job: filters and orders by these read no job in full."""
