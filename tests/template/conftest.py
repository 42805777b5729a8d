"""template.yaml as it is written, as CloudFormation gets it, and as resources."""

from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local_stack.template import translate

pytest.register_assert_rewrite("tools.scenes")

from tools import state_machines  # noqa: E402
from tools.stage import TEMPLATE, Stage, new_stage  # noqa: E402


@pytest.fixture(scope="session")
def sam() -> dict[str, Any]:
    """The template as it is written."""
    return yaml_parse(TEMPLATE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def cloudformation() -> dict[str, Any]:
    """The template as CloudFormation gets it."""
    return translate(TEMPLATE).cloudformation


@pytest.fixture(scope="session")
def machines() -> dict[str, Any]:
    """The definitions of the state machines by logical id."""
    return state_machines.definitions()


@pytest.fixture(scope="session")
def deployed() -> Stage:
    """What the template says of the resources: their names and environments. The services are gone."""
    with new_stage() as stage:
        return stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """What the template describes, new and empty."""
    with new_stage() as stage:
        yield stage
