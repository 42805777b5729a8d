"""Any partition, region and stack name; and what deployments and updates leave behind."""

import re

import boto3
import pytest
from moto import mock_aws

from local_stack.isolation import away_from_aws
from local_stack.template import create, translate
from tools.choices import chosen
from tools.stage import PROJECT, TEMPLATE

DEPLOYED = [TEMPLATE, *sorted((PROJECT / "statemachines").glob("*.asl.yaml"))]
LONGEST_MACHINE_NAME = 80
LONGEST_STACK_NAME_WITHOUT_PREFIX = 64


@pytest.mark.parametrize("path", DEPLOYED, ids=lambda path: path.name)
def test_no_partition_region_or_domain_is_written_out(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"arn:aws[a-z-]*:.*", text)
    # Services that act for themselves are called like this in every partition.
    principals = re.sub(r"Service: [a-z0-9.]+\.amazonaws\.com", "", text)
    assert "amazonaws.com" not in principals
    assert "console.aws" not in text


def test_conditions_name_the_regions_of_textract_as_boto3_knows_them(cloudformation):
    session = boto3.Session()
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("textract", partition_name=partition)
    }
    conditions = cloudformation["Conditions"]
    named = [
        equals["Fn::Equals"][1]
        for part in conditions["HasTextract"]["Fn::Or"]
        for equals in conditions[part["Condition"]]["Fn::Or"]
    ]
    assert sorted(named) == sorted(known)
    assert all(2 <= len(condition["Fn::Or"]) <= 10 for condition in conditions.values() if "Fn::Or" in condition)


@pytest.mark.parametrize(
    ("region", "ocr", "reader"),
    [
        ("eu-central-1", "auto", "textract"),
        ("us-gov-west-1", "auto", "textract"),
        ("eu-north-1", "auto", "none"),
        ("cn-north-1", "auto", "none"),
        ("eu-north-1", "tesseract", "tesseract"),
        ("eu-central-1", "none", "none"),
    ],
)
def test_scans_are_read_by_what_the_region_has(cloudformation, region, ocr, reader):
    resources = chosen(cloudformation, Ocr=ocr, **{"AWS::Region": region})["Resources"]
    assert resources["ExtractDocumentFunction"]["Properties"]["Environment"]["Variables"]["OCR"] == reader
    assert ("ReadScansPolicy" in resources) is (reader == "textract")


def test_names_are_bounded(cloudformation, sam):
    pattern = sam["Parameters"]["NamePrefix"]["AllowedPattern"]
    longest = "a" * LONGEST_STACK_NAME_WITHOUT_PREFIX
    assert re.fullmatch(pattern, longest)
    assert not re.fullmatch(pattern, longest + "a")
    machines = [
        resource["Properties"]["StateMachineName"]["Fn::Sub"][0]
        for resource in cloudformation["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    assert len(machines) == 2
    assert all(len(name.replace("${Prefix}", longest)) <= LONGEST_MACHINE_NAME for name in machines)


def test_a_prefix_names_the_machines_and_who_may_use_them():
    with away_from_aws(), mock_aws(config={"lambda": {"use_docker": False}}):
        resources = create(translate(TEMPLATE), "a-stack", {"NamePrefix": "short"})
    machine = resources.state_machines["PollProviderStateMachine"]
    assert machine.endswith(":stateMachine:short-poll-provider")
    submitting = resources.function("SubmitDocumentFunction")
    assert submitting.environment["POLL_PROVIDER_STATE_MACHINE_ARN"] == machine
    assert resources.roles[submitting.role_arn].decide("states:StartExecution", machine)
    waiting = resources.state_machines["CaptureInvoiceStateMachine"]
    assert resources.roles[submitting.role_arn].decide("states:SendTaskSuccess", waiting)


def test_the_api_has_one_stage(cloudformation):
    deployments = [
        resource["Properties"]
        for resource in cloudformation["Resources"].values()
        if resource["Type"] in {"AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"}
    ]
    assert [resource["StageName"] for resource in deployments if "StageName" in resource] == ["v1"]


def test_an_update_leaves_no_layer_behind(cloudformation):
    layers = [
        resource for resource in cloudformation["Resources"].values() if resource["Type"] == "AWS::Lambda::LayerVersion"
    ]
    assert [layer["DeletionPolicy"] for layer in layers] == ["Delete", "Delete"]
