"""What CloudFormation refuses, and moto does not: resources that depend on each other in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_stack.errors import TemplateError

_SUB_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)[^}!]*\}")


def refuse_circles(resources: Mapping[str, Any]) -> None:
    """Raises TemplateError when resources depend on each other in a circle."""
    finished: set[str] = set()

    def visit(logical_id: str, path: tuple[str, ...]) -> None:
        if logical_id in path:
            circle = " -> ".join((*path[path.index(logical_id) :], logical_id))
            raise TemplateError(f"Circular dependency in template.yaml, CloudFormation refuses it: {circle}.")
        if logical_id in finished:
            return
        for reference in sorted(set(_references(resources[logical_id])) & set(resources)):
            visit(reference, (*path, logical_id))
        finished.add(logical_id)

    for logical_id in resources:
        visit(logical_id, ())


def _references(value: Any) -> Iterator[str]:
    """The logical ids that a part of a template refers to, and the parameters, which look the same."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"Ref", "DependsOn"}:
                yield from [item] if isinstance(item, str) else item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "Fn::Sub":
                text, *variables = [item] if isinstance(item, str) else item
                yield from _SUB_REFERENCE.findall(text)
                yield from _references(variables)
            else:
                yield from _references(item)
