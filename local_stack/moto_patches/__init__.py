"""Everything that reaches into moto's internals (5.2.5, pinned), in one place, with the reason for each.

The patches hold inside ``applied`` and are undone afterwards. One stack runs in a process at a time,
because moto's back ends are global.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from botocore.handlers import BUILTIN_HANDLERS
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber

from local_stack.moto_patches import metrics, services, state_machines
from local_stack.moto_patches.host import Host, Pump, TableCall

__all__ = ["Host", "Pump", "TableCall", "applied", "condition_holds", "physical_ids", "resolve"]


@contextmanager
def applied(host: Host) -> Iterator[None]:
    """Patch moto for the time of the block. What boto3 makes inside never reaches AWS, also not afterwards."""
    with ExitStack() as patches:
        replaced = (*services.patches(host), *state_machines.patches(host), *metrics.patches())
        for target, name, replacement in replaced:
            patches.enter_context(patch.object(target, name, replacement, create=True))

        def authorise(params: Any, model: Any, context: Any, **_kwargs: Any) -> None:
            if host.gate is not None:
                host.gate.authorise(params, model, context)

        # The way moto itself gets into every session.
        for entry in (("before-send", _refuse_unless_answered), ("before-parameter-build", authorise)):
            BUILTIN_HANDLERS.append(entry)
            patches.callback(BUILTIN_HANDLERS.remove, entry)
        yield


def _refuse_unless_answered(request: Any, **_kwargs: Any) -> None:
    """A thread that outlives its stack still has clients, and moto no longer stands before them."""
    if not botocore_stubber.enabled:
        raise ConnectionError(f"The local stack has ended; {request.url} is not asked.")


def _stack(name: str) -> Any:
    stacks = cloudformation_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].stacks.values()
    return next(stack for stack in stacks if stack.name == name)


def resolve(stack_name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's properties with references, intrinsic functions and parameters resolved.

    Event sources, retry settings and schedules are read from these, since the runtime acts on them.
    """
    properties = clean_json(copy.deepcopy(resource.get("Properties", {})), _stack(stack_name).resource_map)
    return {"Properties": properties}


def condition_holds(stack_name: str, resource: Mapping[str, Any]) -> bool:
    condition = resource.get("Condition")
    return condition is None or bool(_stack(stack_name).resource_map.lazy_condition_map[condition])


def physical_ids(stack_name: str) -> dict[str, str]:
    """Physical by logical ids of what was created; the API also lists what a false condition left out."""
    resource_map = _stack(stack_name).resource_map
    created = {logical_id: resource_map[logical_id] for logical_id in resource_map.resources}
    # A layer has no physical id in moto, and nobody asks for one.
    return {
        name: resource.physical_resource_id
        for name, resource in created.items()
        if hasattr(resource, "physical_resource_id")
    }
