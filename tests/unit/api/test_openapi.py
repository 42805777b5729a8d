"""The OpenAPI document is valid, complete, and true wherever it is served."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from invoice_capture.api.openapi import tidied
from tests.unit.api.api_world import ApiWorld, answer_of, document, event_of

# The contract, as its provider has it: what programs that were written against it rely on.
CONTRACT = {
    ("get", "/ocr-invoice-job"): {"200", "400", "401", "500"},
    ("post", "/ocr-invoice-job"): {"201", "400", "401", "500"},
    ("get", "/ocr-invoice-job/{id}"): {"200", "401", "404", "500"},
    ("put", "/ocr-invoice-job/{id}"): {"200", "400", "401", "404", "500"},
    ("delete", "/ocr-invoice-job/{id}"): {"200", "401", "404", "500"},
    ("post", "/ocr-invoice-job/{id}/process"): {"200", "401", "404", "500"},
    ("get", "/ocr-invoice-job/{id}/results"): {"200", "401", "404", "500"},
}
OURS = {
    ("post", "/ocr-invoice-job/documents"): {"201", "400", "401", "409", "500"},
    ("post", "/uploads"): {"201", "400", "401", "500"},
    ("post", "/ocr-invoice-job/{id}/confirm"): {"200", "400", "401", "404", "500"},
    ("post", "/ocr-invoice-job/{id}/retry"): {"200", "401", "404", "409", "500"},
    ("get", "/ocr-invoice-job/{id}/document"): {"302", "401", "404", "500"},
    ("get", "/ocr-invoice-job/{id}/invoice"): {"200", "400", "401", "404", "500"},
    ("get", "/ocr-invoice-job/{id}/submissions"): {"200", "401", "404", "500"},
}
_JOB = """
    _id jobNumber documentName documentUrl documentType template group status priority progress.percentage
    progress.currentStep progress.totalSteps startedAt completedAt processingTime documentInfo.pages
    documentInfo.size documentInfo.format documentInfo.resolution documentInfo.language
    extractedData.invoice.number extractedData.invoice.date extractedData.invoice.dueDate
    extractedData.invoice.supplier.name extractedData.invoice.supplier.address
    extractedData.invoice.supplier.taxId extractedData.invoice.customer.name
    extractedData.invoice.customer.address extractedData.invoice.amounts.subtotal
    extractedData.invoice.amounts.tax extractedData.invoice.amounts.total
    extractedData.invoice.amounts.currency extractedData.lineItems.description extractedData.lineItems.quantity
    extractedData.lineItems.unitPrice extractedData.lineItems.amount confidence.overall confidence.fields
    validationResults.isValid validationResults.errors.field validationResults.errors.message
    validationResults.errors.severity cost currency errorLog retryCount createdBy metadata createdAt updatedAt
"""
JOB_FIELDS = _JOB.split()
_ORDER = """
    jobNumber documentName documentUrl documentType template group priority createdBy metadata
"""
INPUT_FIELDS = _ORDER.split()
REQUIRED = {"jobNumber", "documentName", "documentUrl", "template"}
STATUSES = ["created", "queued", "processing", "completed", "failed", "cancelled"]


def _schema(name: str) -> dict[str, Any]:
    return document()["components"]["schemas"][name]  # type: ignore[no-any-return]


def _paths(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The names of all values below a schema."""
    if "$ref" in schema:
        schema = _schema(schema["$ref"].rsplit("/", 1)[-1])
    if schema.get("type") == "array":
        yield from _paths(schema["items"], prefix)
    elif "properties" in schema:
        for name, part in schema["properties"].items():
            yield from _paths(part, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix


def test_the_document_is_valid() -> None:
    validate(document())


def test_every_operation_is_there_with_its_answers() -> None:
    operations = {
        (method, path): set(operation["responses"])
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    # Every request may have a field too many.
    wanted = {key: answers | {"400", "413", "429"} for key, answers in (CONTRACT | OURS).items()}
    # A key that is sent twice conflicts with itself.
    wanted["post", "/ocr-invoice-job"] |= {"409"}
    # A client may use some providers and not others.
    job = "/ocr-invoice-job/{id}"
    for operation in [("post", "/ocr-invoice-job"), ("post", "/ocr-invoice-job/documents"), ("put", job)]:
        wanted[operation] |= {"403"}
    for step in ("process", "retry"):
        wanted["post", f"{job}/{step}"] |= {"403"}
    assert operations == wanted


def test_every_answer_and_every_body_has_a_schema_and_examples_that_fit() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            contents = [
                response["content"]["application/json"]
                for status, response in operation["responses"].items()
                if status != "302"
            ]
            if "requestBody" in operation:
                contents += operation["requestBody"]["content"].values()
            for content in contents:
                schema = {**content["schema"], "components": document()["components"]}
                assert content["examples"], f"{method} {path}"
                for example in content["examples"].values():
                    Draft202012Validator(schema).validate(example["value"])
            for status in ("401", "413", "429", "500"):
                reference = operation["responses"][status]["content"]["application/json"]["schema"]
                assert reference == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_a_job_has_the_contracts_fields() -> None:
    names = set(_paths(_schema("OcrInvoiceJob")))
    assert set(JOB_FIELDS) <= names
    ours = {
        "route",
        "provider",
        "duplicateOf",
        "possibleDoubleCharge",
        "actionUrl",
        "remark",
        "confirmedAt",
        "invoiceType",
        "findings",
    }
    assert names - set(JOB_FIELDS) == ours
    assert set(_schema("OcrInvoiceJob")["required"]) >= REQUIRED
    assert _schema("OcrInvoiceJob")["properties"]["status"]["enum"] == STATUSES


def test_an_order_has_the_contracts_fields_and_bounds() -> None:
    schema = _schema("OcrInvoiceJobInput")
    assert list(schema["properties"]) == [
        *("jobNumber", "documentName", "documentUrl", "template", "documentType"),
        *("group", "priority", "createdBy", "metadata"),
    ]
    assert set(schema["properties"]) == set(INPUT_FIELDS)
    assert set(schema["required"]) == REQUIRED
    assert schema["additionalProperties"] is False
    lengths = {name: part["maxLength"] for name, part in schema["properties"].items() if "maxLength" in part}
    assert lengths == {
        "jobNumber": 200,
        "documentName": 255,
        "documentUrl": 2048,
        "template": 200,
        "group": 200,
        "createdBy": 200,
    }
    assert schema["properties"]["priority"] == {
        "type": "string",
        "enum": ["low", "medium", "high", "urgent"],
        "default": "medium",
        "description": "Kept, and listable",
    }
    # The contract has no null.
    assert "null" not in json.dumps(schema)


def test_results_have_the_contracts_fields() -> None:
    assert set(_schema("OcrResults")["properties"]) == {
        "extractedData",
        "confidence",
        "validationResults",
        "processingTime",
    }


def test_the_list_has_the_contracts_parameters() -> None:
    told = {each["name"]: each for each in document()["paths"]["/ocr-invoice-job"]["get"]["parameters"]}
    assert set(told) == {"limit", "offset", "sort", "order", "filter", "search", "nextToken"}
    limit = told["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 50)
    assert told["order"]["schema"]["enum"] == ["asc", "desc"]
    assert told["order"]["schema"]["default"] == "desc"
    assert told["offset"]["schema"]["default"] == 0
    assert all(each["description"] and each["in"] == "query" and not each["required"] for each in told.values())
    assert all(each["schema"]["type"] in ("integer", "string") for each in told.values())


def test_the_key_is_the_contracts() -> None:
    schemes = document()["components"]["securitySchemes"]
    assert schemes == {"ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "api-key"}}
    assert document()["security"] == [{"ApiKeyAuth": []}]


def test_nothing_is_left_of_what_powertools_answers() -> None:
    text = json.dumps(document())
    assert '"422"' not in text
    assert "ValidationError" not in text
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert references == set(document()["components"]["schemas"])


def test_tidying_is_pure_and_done_once() -> None:
    before = copy.deepcopy(document())
    assert tidied(document()) == before == document()


# --- where it is served ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "url"),
    [
        ({"headers": {"Host": "localhost:3030", "X-Forwarded-Proto": "http"}}, "http://localhost:3030"),
        (
            {
                "headers": {"host": "a1.execute-api.eu-central-1.amazonaws.com", "x-forwarded-proto": "https"},
                "requestContext": {"path": "/v1/openapi.json", "stage": "v1"},
            },
            "https://a1.execute-api.eu-central-1.amazonaws.com/v1",
        ),
        (
            {
                "headers": {"Host": '"></script><script>alert(1)'},
                "requestContext": {"path": "/openapi.json", "domainName": "api.example.com"},
            },
            "https://api.example.com",
        ),
        ({"headers": None, "requestContext": None}, "https://localhost"),
    ],
)
def test_the_document_names_the_address_it_was_asked_at(world: ApiWorld, event: dict[str, Any], url: str) -> None:
    request = {**event_of("GET", "/openapi.json", client=None), **event}
    answer = answer_of(world.api(request, None))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["servers"] == [{"url": url}]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("sent", "location"),
    [("/", "/docs"), ("/v1/", "/v1/docs"), ("/v1", "/v1/docs"), ("//evil.example.org/", "/evil.example.org/docs")],
)
def test_the_root_leads_to_the_page_below_any_stage_and_nowhere_else(
    world: ApiWorld, method: str, sent: str, location: str
) -> None:
    request = event_of(method, "/", client=None)
    answer = answer_of(world.api({**request, "requestContext": {"path": sent}}, None))
    assert (answer.status, answer.headers["Location"]) == (302, location)


def test_paths_come_in_an_order_to_read(world: ApiWorld) -> None:
    assert list(world.call("GET", "/openapi.json", client=None).json["paths"])[:2] == [
        "/ocr-invoice-job",
        "/ocr-invoice-job/{id}",
    ]
