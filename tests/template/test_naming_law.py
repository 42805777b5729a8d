"""One verb phrase names a step everywhere."""

import ast

import pytest

from tests.template.steps import STEPS, pascal, state
from tools.stage import EVENTS, PROJECT

STEPS_OF_THE_PIPELINE = [
    *(
        "announce_outcome",
        "authorize_request",
        "check_submissions",
        "confirm_invoice",
        "deliver_messages",
        "erase_job",
        "extract_document",
        "fetch_document",
    ),
    *("receive_upload", "record_changes", "store_invoice", "remove_jobs", "submit_document", "sweep_jobs"),
]
# Not a step: it answers every request of the API, each with a use case of its own.
API = "jobs_api"
# Use cases that several steps share have names of their own; each says in one verb phrase what it does.
CAPTURE = PROJECT / "layers" / "capture" / "invoice_capture"


def test_every_step_has_a_folder():
    assert sorted(STEPS) == sorted([*STEPS_OF_THE_PIPELINE, API])


@pytest.mark.parametrize("step", STEPS_OF_THE_PIPELINE)
def test_a_step_has_its_use_case_and_the_test_of_it(step):
    use_case = CAPTURE / "use_cases" / "steps" / f"{step}.py"
    classes = {node.name for node in ast.parse(use_case.read_text()).body if isinstance(node, ast.ClassDef)}
    assert pascal(step) in classes
    assert (PROJECT / "tests" / "unit" / "use_cases" / f"test_{step}.py").is_file()


def test_every_function_in_the_template_is_a_step(sam):
    functions = {
        logical_id: resource["Properties"]["CodeUri"]
        for logical_id, resource in sam["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert functions == {f"{pascal(step)}Function": f"functions/{step}" for step in STEPS}


def test_every_event_belongs_to_a_step():
    assert sorted(path.name for path in EVENTS.iterdir()) == [f"{step}.json" for step in STEPS]


def test_a_state_that_invokes_a_function_has_its_name(machines):
    invoked = {
        name: task["Arguments"]["FunctionName"]
        for definition in machines.values()
        for name, task in definition["States"].items()
        if "lambda:invoke" in task.get("Resource", "")
    }
    assert invoked == {
        state(step): f"{pascal(step)}FunctionArn"
        for step in ("submit_document", "fetch_document", "store_invoice", "announce_outcome", "check_submissions")
    }


def test_a_substitution_has_the_name_of_the_function_it_stands_for(sam):
    for logical_id in ("CaptureInvoiceStateMachine", "PollProviderStateMachine"):
        substitutions = sam["Resources"][logical_id]["Properties"]["DefinitionSubstitutions"]
        for name, value in substitutions.items():
            if name.endswith("FunctionArn"):
                assert value == {"Fn::GetAtt": [name.removesuffix("Arn"), "Arn"]}


@pytest.mark.parametrize("step", STEPS)
def test_a_handler_only_parses_calls_and_returns(step):
    folder = PROJECT / "functions" / step
    assert [path.name for path in folder.iterdir() if path.name != "__pycache__"] == ["app.py"]
    text = (folder / "app.py").read_text()
    assert len(text.splitlines()) < 20
    # What a step brings along is imported with its first event.
    assert not [
        node
        for node in ast.parse(text).body
        if "use_cases" in ast.unparse(node) and not isinstance(node, ast.FunctionDef)
    ]
    module = ast.parse(text)
    definitions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert [definition.name for definition in definitions] == ["handler"]
    branches = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.Match)
    assert not [node for node in ast.walk(module) if isinstance(node, branches)]
    assert f"application().step({pascal(step)})" in text
