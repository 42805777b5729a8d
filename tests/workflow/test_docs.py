"""What the documentation says is executed, or compared with what it talks about."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from invoice_capture.api import contract_routes, extension_routes, openapi, presentation, upload_routes
from invoice_capture.api.forms import MOST_FORM_BYTES
from invoice_capture.api.services import Resolver
from invoice_capture.domain import errors
from invoice_capture.domain.job import JobStatus
from tests.waiting import run_to_end
from tests.workflow.conftest import Stacks

README = Path("README.md").read_text()
PAGES = [*Path().glob("*.md"), *Path("docs").rglob("*.md"), Path("samples/README.md")]


def commands(page: str) -> list[str]:
    """The commands of the console blocks, those in numbered steps too, with continued lines joined."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    lines = [line.strip() for line in "".join(blocks).replace("\\\n", " ").splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


# Who runs each command of the README. What deploys, or asks what was deployed, needs AWS or Docker.
RUN_BY = {
    r"make demo": "tests/workflow/test_demo.py",
    r"make test": "this very run",
    r"\.venv/bin/python -m local_stack process .*": "test_local_commands_do_what_the_readme_says",
    r"\.venv/bin/python -m local_stack serve": "tests/unit/local_stack/test_serve.py",
    r"\.venv/bin/invoice-capture (submit|list|show|export)( .*)?": "tests/workflow/test_command_line.py",
    r"sam (build|local invoke) .*": None,
    r"aws .*": None,
    r"invoice-capture keys create --client accounting --stack \$STACK": None,
}


def test_every_command_of_the_readme_is_run_by_somebody() -> None:
    unknown = [line for line in commands(README) if not any(re.fullmatch(pattern, line) for pattern in RUN_BY)]
    assert unknown == []
    assert len(commands(README)) > 20


def test_what_the_readme_says_of_a_request_is_what_the_api_takes() -> None:
    [megabytes] = re.findall(r"One request carries up to ([\d.]+) MB", README)
    assert float(megabytes) == MOST_FORM_BYTES * 10 // 1024**2 / 10


@pytest.mark.parametrize("command", [line for line in commands(README) if "-m local_stack process" in line])
def test_local_commands_do_what_the_readme_says(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    assert words[0] == ".venv/bin/python"
    log = ["--log-file", str(tmp_path / "log")]
    done = run_to_end([sys.executable, *words[1:], *log])
    assert done.returncode == 0, done.stdout + done.stderr
    if "--json" in words:
        [result] = [json.loads(line) for line in done.stdout.splitlines()]
        assert result["status"] == "CAPTURED"
        assert result["notifications"] == 1
    else:
        assert "1 captured" in done.stdout


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", Path("Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in map(str.split, commands(README)) if words[0] == "make"}
    assert named == {"demo", "test"}
    assert named <= targets


def test_every_event_has_its_command_and_every_command_its_event() -> None:
    named = set(re.findall(r"sam local invoke (\w+) --event (\S+)", README))
    assert named == {
        ("".join(word.capitalize() for word in path.stem.split("_")) + "Function", str(path))
        for path in Path("events").glob("*.json")
    }


def test_parameters_are_those_of_the_template() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)
    parameters = yaml.load(Path("template.yaml").read_text(), Loader)["Parameters"]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", README, re.MULTILINE)
    assert rows
    for name, default in rows:
        assert name in parameters
        assert default.strip("`") in {str(parameters[name].get("Default")), "none"}


def test_error_codes_of_the_operations_page_are_the_errors_that_end_jobs() -> None:
    table = Path("docs/operations.md").read_text().split("## Why a document was not captured")[1].split("\n## ")[0]
    named = set(re.findall(r"`([A-Z]\w+[a-z])`", table)) - {"DUPLICATE"}
    leaves = {
        cls.__name__
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.CaptureError) and not cls.__subclasses__()
    }
    never_end_a_job = {
        "DuplicateDocument",
        "RateLimited",
        "OperationUnsupported",
        "JobClosed",
        "JobCancelled",
        "DocumentElsewhere",
        "StoreUnavailable",
        "TokenClosed",
    }
    assert named == leaves - never_end_a_job


def test_the_api_page_has_every_operation_and_every_status() -> None:
    page = Path("docs/api.md").read_text()
    resolver = Resolver(enable_validation=True)
    services: Any = None  # only what the routes are, not what they do
    contract_routes.register(resolver, services)
    upload_routes.register(resolver, services)
    extension_routes.register(resolver, services)
    paths = openapi.document(resolver)["paths"]
    operations = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(re.findall(r"^\| `((?:GET|POST|PUT|DELETE) \S+)` \|", page, re.MULTILINE)) == operations
    shown = {
        status: set(re.findall(r"`([A-Z_]+)`", ours))
        for status, ours in re.findall(r"^\| `([a-z]+)` \| (`.+) \|$", page, re.M)
    }
    for status, ours in presentation.STATUSES.items():
        # A duplicate shows the status of the first job.
        assert status is JobStatus.DUPLICATE or status in shown[ours]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)", page.read_text()) + re.findall(r'src="([^"]+)"', page.read_text())
    for target in targets:
        if target.startswith("http"):
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        assert not heading or heading in headings(file.read_text()), target


def headings(page: str) -> set[str]:
    """The headings of a page as links name them: lower case, no punctuation, a hyphen for a space."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_json_examples_are_json() -> None:
    blocks = [block for page in PAGES for block in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)]
    assert all(isinstance(json.loads(block), dict) for block in blocks)
    assert len(blocks) >= 2


def test_python_examples_run(stacks: Stacks, capsys: pytest.CaptureFixture[str]) -> None:
    # Some open a stack of their own.
    stacks.close()
    blocks = [block for page in PAGES for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)]
    for block in blocks:
        if "localhost:3030" in block:
            continue  # needs a served stack: test_command_line runs it
        exec(compile(block, "docs", "exec"), {})
    assert "2096.40" in capsys.readouterr().out
