"""What checkov finds needs an excuse, and every excuse needs a finding."""

from __future__ import annotations

import pytest

from tools.check_security import EXCUSES, Excuse, Finding, ToolFailed, judge, read_excuses, read_findings

DEFAULTS, STRICT = "with its defaults", "at its strictest"
NO_VPC = Finding(DEFAULTS, "CKV_AWS_117", "SweepJobsFunction", "Ensure that it is inside a VPC")


def test_a_finding_without_an_excuse_is_a_problem() -> None:
    other_check = Excuse("CKV_AWS_116", "*Function", "x", only_with_defaults=False)
    other_resource = Excuse("CKV_AWS_117", "*Queue", "x", only_with_defaults=False)
    problems = judge([NO_VPC], [other_check, other_resource])
    assert problems[0].startswith("without an excuse: CKV_AWS_117 SweepJobsFunction")
    assert [problem for problem in problems[1:] if "needed no more" in problem] == problems[1:]
    assert len(problems) == 3


def test_an_excused_finding_is_none() -> None:
    assert judge([NO_VPC], [Excuse("CKV_AWS_117", "*Function", "x", only_with_defaults=False)]) == []


def test_what_a_parameter_mends_is_excused_only_without_it() -> None:
    excuse = Excuse("CKV_AWS_27", "UploadQueue", "x", only_with_defaults=True)
    found = [Finding(name, "CKV_AWS_27", "UploadQueue", "Ensure that it is encrypted") for name in (DEFAULTS, STRICT)]
    assert judge(found[:1], [excuse]) == []
    [problem] = judge(found, [excuse])
    assert STRICT in problem


def test_every_excuse_has_a_reason_in_words() -> None:
    excuses = read_excuses(EXCUSES.read_text(encoding="utf-8"))
    assert excuses
    assert all(len(excuse.reason.split()) > 5 for excuse in excuses)


def test_findings_are_read_by_their_logical_id() -> None:
    failed = {"check_id": "CKV_AWS_117", "resource": "AWS::Lambda::Function.A", "check_name": "a VPC"}
    report = {"summary": {"resource_count": 1, "parsing_errors": 0}, "results": {"failed_checks": [failed]}}
    assert read_findings(report, DEFAULTS) == [Finding(DEFAULTS, "CKV_AWS_117", "A", "a VPC")]


@pytest.mark.parametrize(
    "report", [[], {"passed": 0, "failed": 0}, {"summary": {"resource_count": 3, "parsing_errors": 1}}]
)
def test_a_template_that_was_not_understood_has_not_passed(report: object) -> None:
    with pytest.raises(ToolFailed):
        read_findings(report, DEFAULTS)
