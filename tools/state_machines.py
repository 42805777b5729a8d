"""Lint the state machines as template.yaml deploys them: their structure, and every JSONata expression in them.

python -m tools.state_machines
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from jsonata import Jsonata
from jsonata.jexception import JException
from samtranslator.yaml_helper import yaml_parse
from statelint.linter import Linter  # type: ignore[import-untyped]

from tools.stage import TEMPLATE

# What Step Functions adds to JSONata's own functions.
_ADDED_FUNCTIONS = frozenset({"hash", "parse", "partition", "random", "range", "uuid"})
# Parsing only happens when the expression is evaluated, so Step Functions refuses it.
_REFUSED_FUNCTIONS = frozenset({"eval"})
_PARTITION = "AWS::Partition"
_TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def definitions() -> dict[str, Any]:
    """The definition of each state machine by its logical id, with substitutions made.

    Parameters have their default values. An ARN or another name that only a deployment knows is its logical name.

    Raises:
        ValueError: the names that a definition uses are not those that the template substitutes.
    """
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    return {
        logical_id: _definition(resource["Properties"], template["Parameters"])
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::StateMachine"
    }


def expressions(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where a JSONata expression stands in a definition, and its text without the delimiters."""
    if isinstance(part, dict):
        for name, content in part.items():
            yield from expressions(content, f"{place}.{name}" if place else str(name))
    elif isinstance(part, list):
        for index, content in enumerate(part):
            yield from expressions(content, f"{place}[{index}]")
    elif isinstance(part, str) and part.startswith("{%"):
        yield place, part.removeprefix("{%").removesuffix("%}").strip()


def problems(definition: Any) -> list[str]:
    """What is wrong with a definition; nothing when it is sound."""
    found = list(Linter.validate(_with_plain_numbers(definition)))
    for place, expression in expressions(definition):
        try:
            Jsonata(expression)
        except JException as exc:
            found.append(f"{place}: {exc}")
            continue
        found += [f"{place}: {problem}" for problem in _unknown_names(expression)]
    return found


def _definition(properties: dict[str, Any], parameters: dict[str, Any]) -> Any:
    path = TEMPLATE.parent / properties["DefinitionUri"]
    text = path.read_text(encoding="utf-8")
    declared = properties["DefinitionSubstitutions"]
    used = set(re.findall(r"\$\{(\w+)\}", text))
    if used != set(declared):
        raise ValueError(f"{path.name} uses {sorted(used)}, and template.yaml substitutes {sorted(declared)}.")
    known = {_PARTITION: {"Default": "aws"}, **parameters}
    for name, value in declared.items():
        # A resource that is referred to is no parameter, and its name is only known to a deployment.
        default = known.get(value.get("Ref", ""), {}).get("Default", name) if isinstance(value, dict) else value
        text = text.replace(f"${{{name}}}", str(default))
    return yaml.safe_load(text)


def _with_plain_numbers(part: Any) -> Any:
    """The definition as statelint understands it: it wants floats for floats, and no expression for a number."""
    if isinstance(part, list):
        return [_with_plain_numbers(content) for content in part]
    if not isinstance(part, dict):
        return part
    plain = {name: _with_plain_numbers(content) for name, content in part.items()}
    for name in ("Seconds", "TimeoutSeconds"):
        if str(plain.get(name, "")).startswith("{%"):
            plain[name] = 1
    if "BackoffRate" in plain:
        plain["BackoffRate"] = float(plain["BackoffRate"])
    return plain


def _unknown_names(expression: str) -> Iterator[str]:
    """JSONata finds out about names only when it evaluates; a failure path is a bad place for that."""
    code = _TEXTS.sub("''", expression)
    known = {"states", *re.findall(r"\$([A-Za-z_]\w*)\s*:=", code)}
    for name, call in re.findall(r"\$([A-Za-z_]\w*)\s*(\()?", code):
        if call and name in _REFUSED_FUNCTIONS:
            yield f"Step Functions refuses ${name}()"
        elif call and name not in _ADDED_FUNCTIONS and Jsonata(f"${name}").evaluate(None) is None:
            yield f"there is no function ${name}()"
        elif not call and name not in known:
            yield f"nothing assigns ${name}"


def main() -> int:
    machines = definitions()
    failed = False
    for logical_id, definition in machines.items():
        found = problems(definition)
        failed = failed or bool(found)
        count = len(list(expressions(definition)))
        print(f"{logical_id}: {len(definition['States'])} states, {count} expressions, {len(found)} problems")
        for problem in found:
            print(f"  {problem}", file=sys.stderr)
    return 1 if failed or not machines else 0


if __name__ == "__main__":
    sys.exit(main())
