"""Have checkov and cfn-lint look at the template that CloudFormation gets.

    python -m tools.check_security --checkov PROGRAM --cfn-lint PROGRAM

checkov looks twice: at the template with its defaults, and with everything on that a stricter operator turns on by a
parameter. A finding is mended, or has an excuse in tools/security_excuses.yaml. Ends with status 1 when one has none,
when an excuse is not needed any more, and for whatever cfn-lint finds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from local_stack.template import translate
from tools.choices import chosen
from tools.stage import TEMPLATE

EXCUSES = Path(__file__).with_name("security_excuses.yaml")
_STRICT = {
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    "ApiAccessLogs": "true",
    "Webhooks": "true",
    "EventBusName": "invoices",
    "ArchiveLock": "compliance",
}
_WITH_DEFAULTS, _AT_ITS_STRICTEST = "with its defaults", "at its strictest"
_CHECKOV = ("--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json")
_FOUND_SOMETHING = 1


@dataclass(frozen=True)
class Finding:
    """What checkov says of a resource, and of which template."""

    template: str
    check: str
    resource: str
    says: str

    def __str__(self) -> str:
        return f"{self.check} {self.resource}, {self.template}: {self.says}"


@dataclass(frozen=True)
class Excuse:
    """Why findings of a check stay: of resources by their logical ids, * for any letters."""

    check: str
    resource: str
    reason: str
    only_with_defaults: bool

    def covers(self, finding: Finding) -> bool:
        if self.only_with_defaults and finding.template != _WITH_DEFAULTS:
            return False
        return finding.check == self.check and fnmatchcase(finding.resource, self.resource)


class ToolFailed(Exception):
    """A tool did not do what it was asked."""


def read_excuses(text: str) -> list[Excuse]:
    """The excuses in a file, one for each of the resources that an entry names."""
    return [
        Excuse(entry["check"], resource, entry["reason"], entry.get("only_with_defaults", False))
        for entry in yaml.safe_load(text)
        for resource in entry["resources"]
    ]


def judge(findings: Iterable[Finding], excuses: Sequence[Excuse]) -> list[str]:
    """What is wrong: findings that nothing excuses, and excuses of nothing."""
    found = list(findings)
    bare = [f"without an excuse: {finding}" for finding in found if not any(e.covers(finding) for e in excuses)]
    idle = [
        f"needed no more: the excuse of {excuse.check} for {excuse.resource}"
        for excuse in excuses
        if not any(excuse.covers(finding) for finding in found)
    ]
    return bare + idle


def main() -> int:
    parser = argparse.ArgumentParser(description="Have checkov and cfn-lint look at the translated template.")
    parser.add_argument("--checkov", required=True, type=Path, help="the program")
    parser.add_argument("--cfn-lint", required=True, type=Path, help="the program")
    options = parser.parse_args()
    cloudformation = translate(TEMPLATE).cloudformation
    excuses = read_excuses(EXCUSES.read_text(encoding="utf-8"))
    try:
        with tempfile.TemporaryDirectory() as folder:
            linted = _lint(options.cfn_lint, cloudformation, Path(folder))
            findings = [
                *_ask_checkov(options.checkov, chosen(cloudformation), _WITH_DEFAULTS, Path(folder)),
                *_ask_checkov(options.checkov, chosen(cloudformation, **_STRICT), _AT_ITS_STRICTEST, Path(folder)),
            ]
    except ToolFailed as exc:
        print(exc, file=sys.stderr)
        return 1
    problems = [*(f"cfn-lint: {line}" for line in linted), *judge(findings, excuses)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"findings of checkov: {len(findings)}, of cfn-lint: {len(linted)}; problems: {len(problems)}")
    return 1 if problems else 0


def _lint(program: Path, cloudformation: dict[str, Any], folder: Path) -> list[str]:
    path = folder / "template.json"
    path.write_text(json.dumps(cloudformation), encoding="utf-8")
    run = _run([str(program), "--format", "parseable", "--template", str(path)])
    found = run.stdout.splitlines()
    if bool(found) != bool(run.returncode):
        raise ToolFailed(f"cfn-lint failed with status {run.returncode}: {run.stderr[-2000:]}")
    return found


def _ask_checkov(program: Path, cloudformation: dict[str, Any], name: str, folder: Path) -> list[Finding]:
    path = folder / f"{name.replace(' ', '_')}.json"
    path.write_text(json.dumps(cloudformation, indent=1), encoding="utf-8")
    run = _run([str(program), "--file", str(path), *_CHECKOV])
    if run.returncode not in {0, _FOUND_SOMETHING} or not run.stdout.strip():
        raise ToolFailed(f"checkov failed with status {run.returncode}: {run.stderr[-2000:]}")
    return read_findings(json.loads(run.stdout), name)


def read_findings(report: Any, name: str) -> list[Finding]:
    """What checkov's report says of the template of this name. Raises ToolFailed when it did not look at it."""
    summary = report.get("summary", {}) if isinstance(report, dict) else {}
    if not summary.get("resource_count") or summary.get("parsing_errors"):
        raise ToolFailed(f"checkov did not understand the template {name}: {json.dumps(report)[:500]}")
    return [
        Finding(name, failed["check_id"], failed["resource"].rpartition(".")[2], failed["check_name"])
        for failed in report["results"]["failed_checks"]
    ]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise ToolFailed(f"{command[0]} cannot be run: {exc.strerror}. `make check-security` installs it.") from exc


if __name__ == "__main__":
    sys.exit(main())
