"""Who may do what, in the template that CloudFormation gets."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.steps import STEPS, pascal

# Delivering logs and traces, and reading a picture, know no resources.
ON_EVERYTHING = ("logs:", "xray:", "textract:DetectDocumentText")
SAM_ADDS = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
}


def _of_type(cloudformation: dict[str, Any], *types: str) -> dict[str, Any]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in cloudformation["Resources"].items()
        if resource["Type"] in types
    }


def _statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in document["Statement"]:
        yield {name: value if isinstance(value, list) else [value] for name, value in statement.items()}


def _texts(value: Any) -> Iterator[str]:
    """Every text in a part of a template: of an intrinsic function, the text that it fills in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for content in value.values():
            yield from _texts(content)
    elif isinstance(value, list):
        for content in value:
            yield from _texts(content)


def _inline(cloudformation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (logical_id, statement)
        for logical_id, role in _of_type(cloudformation, "AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in _statements(policy["PolicyDocument"])
    ]


def test_inline_policies_have_no_wildcards(cloudformation):
    statements = _inline(cloudformation)
    assert len(statements) >= 2 * len(STEPS)
    for logical_id, statement in statements:
        assert "NotAction" not in statement, logical_id
        assert "NotResource" not in statement, logical_id
        assert not [action for action in statement["Action"] if "*" in action], logical_id
        for resource in _texts(statement["Resource"]):
            assert resource != "*", logical_id
            # Objects below a prefix, and secrets below a prefix, are as far as it goes.
            assert "*" not in resource.removesuffix("/*"), logical_id


def test_only_what_knows_no_resources_is_allowed_on_everything(cloudformation):
    policies = _of_type(cloudformation, "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    for logical_id, policy in policies.items():
        for statement in _statements(policy["PolicyDocument"]):
            assert not [action for action in statement["Action"] if "*" in action], logical_id
            if "*" in statement["Resource"]:
                assert all(action.startswith(ON_EVERYTHING) for action in statement["Action"]), logical_id


def test_pictures_are_read_by_one_function_and_only_where_textract_is_wanted(cloudformation):
    allowed = {
        logical_id: resource
        for logical_id, resource in cloudformation["Resources"].items()
        if "textract" in str(resource.get("Properties", {}).get("PolicyDocument", ""))
        or "textract" in str(resource.get("Properties", {}).get("Policies", ""))
    }
    [policy] = allowed.values()
    assert policy["Properties"]["Roles"] == [{"Ref": "ExtractDocumentFunctionRole"}]
    assert policy["Condition"] == "ReadsScansByTextract"


def test_every_function_has_a_role_of_its_own(cloudformation):
    roles = [
        function["Role"]["Fn::GetAtt"][0] for function in _of_type(cloudformation, "AWS::Lambda::Function").values()
    ]
    assert sorted(roles) == sorted(f"{pascal(step)}FunctionRole" for step in STEPS)


def test_managed_policies_are_those_that_sam_adds(cloudformation):
    for step in STEPS:
        role = cloudformation["Resources"][f"{pascal(step)}FunctionRole"]["Properties"]
        assert set(role["ManagedPolicyArns"]) <= SAM_ADDS


def test_resource_policies_only_open_to_named_services(cloudformation):
    policies = _of_type(cloudformation, "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
    assert policies
    for logical_id, policy in policies.items():
        for statement in _statements(policy["PolicyDocument"]):
            if statement["Effect"] == ["Allow"]:
                assert "*" not in statement["Principal"], logical_id
                assert statement["Condition"], logical_id


@pytest.mark.parametrize(
    ("step", "variable", "machine"),
    [
        ("receive_upload", "CAPTURE_INVOICE_STATE_MACHINE_ARN", "CaptureInvoiceStateMachine"),
        ("submit_document", "POLL_PROVIDER_STATE_MACHINE_ARN", "PollProviderStateMachine"),
        ("sweep_jobs", "CAPTURE_INVOICE_STATE_MACHINE_ARN", "CaptureInvoiceStateMachine"),
        ("sweep_jobs", "POLL_PROVIDER_STATE_MACHINE_ARN", "PollProviderStateMachine"),
    ],
)
def test_a_machine_that_a_function_is_given_is_one_it_may_start(cloudformation, deployed, step, variable, machine):
    """Some are named by text instead of by reference, or functions and machines would depend on each other."""
    arn = deployed.resources.state_machines[machine]
    assert deployed.environment(f"{pascal(step)}Function")[variable] == arn
    role = cloudformation["Resources"][f"{pascal(step)}FunctionRole"]["Properties"]
    startable = [
        resource
        for policy in role["Policies"]
        for statement in _statements(policy["PolicyDocument"])
        if "states:StartExecution" in statement["Action"]
        for resource in statement["Resource"]
    ]
    name = arn.rpartition(":stateMachine:invoice-capture-")[2]
    assert {"Ref": machine} in startable or any(text.endswith(f"-{name}") for text in _texts(startable))
