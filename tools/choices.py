"""A translated template in which the conditions have been decided, for whoever cannot decide them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REGION = "us-east-1"
_GONE = object()


def chosen(cloudformation: Mapping[str, Any], **parameters: str) -> dict[str, Any]:
    """The template for these parameters, the others as they are by default: what is not wanted is left out."""
    defaults = {name: parameter.get("Default") for name, parameter in cloudformation.get("Parameters", {}).items()}
    choose = _Choices({"AWS::Region": _REGION, **defaults, **parameters}, cloudformation.get("Conditions", {}))
    resources = {
        logical_id: choose.part(resource)
        for logical_id, resource in cloudformation["Resources"].items()
        if "Condition" not in resource or choose.holds(resource["Condition"])
    }
    return {**cloudformation, "Resources": resources, "Conditions": {}, "Outputs": {}}


class _Choices:
    def __init__(self, refs: Mapping[str, Any], conditions: Mapping[str, Any]) -> None:
        self._refs = refs
        self._conditions = conditions

    def holds(self, condition: str) -> bool:
        return bool(self._judge(self._conditions[condition]))

    def part(self, value: Any) -> Any:
        """A part of a resource in which Fn::If and references to parameters are what they come to."""
        if isinstance(value, list):
            return [item for item in map(self.part, value) if item is not _GONE]
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "AWS::NoValue"}:
            return _GONE
        if list(value) == ["Fn::If"]:
            condition, wanted, otherwise = value["Fn::If"]
            return self.part(wanted if self.holds(condition) else otherwise)
        if list(value) == ["Ref"]:
            return self._refs.get(value["Ref"], value)
        parts = {name: self.part(item) for name, item in value.items() if name != "Condition" or isinstance(item, dict)}
        return {name: item for name, item in parts.items() if item is not _GONE}

    def _judge(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        [(name, content)] = value.items()
        if name == "Ref":
            return self._refs[content]
        if name == "Condition":
            return self.holds(content)
        parts = [self._judge(part) for part in content]
        judged = {"Fn::Equals": parts[0] == parts[-1], "Fn::And": all(parts), "Fn::Or": any(parts)}
        return not parts[0] if name == "Fn::Not" else judged[name]
