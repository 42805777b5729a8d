"""Every function is given what it needs, and no more."""

import re
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.use_cases.shared.submitter import LONGEST_ATTEMPT
from invoice_capture.wiring import Application
from tests.fakes.attempts import begin
from tests.template.steps import STEPS, pascal, step_class
from tools.stage import PROJECT


def _function(cloudformation: dict[str, Any], step: str) -> dict[str, Any]:
    properties: dict[str, Any] = cloudformation["Resources"][f"{pascal(step)}Function"]["Properties"]
    return properties


@pytest.mark.parametrize("step", STEPS)
def test_the_environment_is_enough_for_the_use_case(deployed, step):
    application = Application(deployed.environment(f"{pascal(step)}Function"))
    assert type(application.step(step_class(step))).__name__ == pascal(step)
    assert application.adapters.providers.get("embedded").name == "embedded"


@pytest.mark.parametrize("step", ["submit_document", "check_submissions"])
def test_those_that_submit_know_the_function_that_extracts(stage, step):
    provider = Application(stage.environment(f"{pascal(step)}Function")).adapters.providers.get("embedded")
    row = Submission(
        job_id="job",
        number=1,
        provider="embedded",
        state=SubmissionState.SUBMITTING,
        document=DocumentPointer("bucket", "incoming/a.xml", None, 10),
        kind=DocumentKind.E_INVOICE,
        task_token="token",
        created_at=stage.now,
        deadline_at=stage.now,
    )
    assert provider.submit(row, b"", begin).startswith("results/job/")


@pytest.mark.parametrize("step", STEPS)
def test_no_variable_is_set_for_nothing(deployed, step):
    """Every variable is read by the layer, or by Powertools."""
    layer = PROJECT / "layers" / "capture" / "invoice_capture"
    read = {
        name
        for path in layer.rglob("*.py")
        for name in re.findall(r'"([A-Z][A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    names = deployed.resources.function(f"{pascal(step)}Function").environment
    assert {name for name in names if not name.startswith("POWERTOOLS_")} <= read


@pytest.mark.parametrize("step", STEPS)
def test_a_function_has_a_log_group_with_retention(cloudformation, step):
    group = _function(cloudformation, step)["LoggingConfig"]["LogGroup"]["Ref"]
    assert group == f"{pascal(step)}LogGroup"
    assert cloudformation["Resources"][group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("step", STEPS)
def test_a_function_is_traced_and_bounded(cloudformation, step):
    function = _function(cloudformation, step)
    # What records changes has no part in the way of a document, whose trace it would only multiply.
    assert function["TracingConfig"] == {"Mode": "PassThrough" if step == "record_changes" else "Active"}
    # What API Gateway waits for ends before it stops waiting, after 29 seconds.
    fast = step in {"authorize_request", "jobs_api"}
    # What sends documents to providers has the time for a slow link, and is dead before its attempt counts as lost.
    sends = step in {"submit_document", "check_submissions"}
    longest = min(900, LONGEST_ATTEMPT.total_seconds() - 30) if sends else 300
    assert (10 <= function["Timeout"] <= 29) if fast else (30 <= function["Timeout"] <= longest)
    assert 512 <= function["MemorySize"] <= 2048
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == [{"Ref": "Architecture"}]


def test_the_architecture_is_arm64_unless_chosen_otherwise(sam):
    assert sam["Parameters"]["Architecture"]["Default"] == "arm64"


def test_only_the_function_that_extracts_carries_the_engine(cloudformation):
    layers = {step: _function(cloudformation, step)["Layers"] for step in STEPS}
    assert {len(refs) for step, refs in layers.items() if step != "extract_document"} == {1}
    assert len(layers["extract_document"]) == 2


@pytest.mark.parametrize("layer", ["capture", "engine"])
def test_layers_pin_everything_and_leave_out_what_the_runtime_has(layer):
    requirements = (PROJECT / "layers" / layer / "requirements.in").read_text().splitlines()
    assert requirements
    for requirement in requirements:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", requirement)
        assert not requirement.startswith(("boto", "aws-xray"))


@pytest.mark.parametrize("layer", ["Capture", "Engine"])
def test_layers_are_built_for_the_architecture_they_are_deployed_for(sam, layer):
    resource = sam["Resources"][f"{layer}Layer"]
    assert resource["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    makefiles = resource["Metadata"]["ContextPath"]["Fn::Sub"]
    for architecture in sam["Parameters"]["Architecture"]["AllowedValues"]:
        assert (PROJECT / makefiles.replace("${Architecture}", architecture) / "Makefile").is_file()
