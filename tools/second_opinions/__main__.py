"""Compare what the local stack's JSONata says with what the reference does, on inputs that real runs recorded.

    python -m tools.second_opinions

Needs Node.js and what package-lock.json here names: npm ci --prefix tools/second_opinions. Ends with status 1 when an
expression of a state machine was evaluated by no run, or when the two differ on any.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.second_opinions.rehearsal import recorded
from tools.state_machines import definitions, expressions

_HERE = Path(__file__).resolve().parent


def unrecorded(evaluations: Sequence[Mapping[str, Any]], machines: Mapping[str, str]) -> list[str]:
    """The expressions, by state machine and state, that were never evaluated."""
    seen = {(machines[made["machine_arn"]], made["state"], made["expression"]) for made in evaluations}
    return [
        f"{machine}, {state}: {expression}"
        for machine, definition in definitions().items()
        for state, content in definition["States"].items()
        for expression in dict.fromkeys(text for _, text in expressions(content))
        if (machine, state, expression) not in seen
    ]


def differences(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The evaluations whose outcome is another under the reference, which is added as ``reference``.

    Raises:
        subprocess.CalledProcessError: Node.js failed.
    """
    lines = "".join(f"{json.dumps(made)}\n" for made in evaluations)
    command = ["node", str(_HERE / "jsonata_opinions.js")]
    answer = subprocess.run(command, input=lines, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def main() -> int:
    if shutil.which("node") is None or not (_HERE / "node_modules" / "jsonata").is_dir():
        print("The reference JSONata is not here. Run: make check-opinions", file=sys.stderr)
        return 1
    evaluations, machines = recorded()
    missing, different = unrecorded(evaluations, machines), differences(evaluations)
    print(
        f"{len({made['expression'] for made in evaluations})} expressions, {len(evaluations)} evaluations: "
        f"{len(different)} differ from the reference JSONata, {len(missing)} expressions were never evaluated"
    )
    for expression in missing:
        print(f"Never evaluated: {expression}", file=sys.stderr)
    for made in different:
        print(
            f"{made['state']}: {made['expression']}\n  here:      {json.dumps(made['outcome'])}"
            f"\n  reference: {json.dumps(made['reference'])}\n  given:     {json.dumps(made['given'])}",
            file=sys.stderr,
        )
    return 1 if missing or different else 0


if __name__ == "__main__":
    sys.exit(main())
