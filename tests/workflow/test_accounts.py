"""Several accounts of one provider: each has its settings, its pace and its loop."""

from __future__ import annotations

from pathlib import Path

from tests.workflow.conftest import Stacks
from tests.workflow.observing import finished

INVOICE = Path("samples/documents/dutch_eur_labels_below.pdf").read_bytes()


def test_each_route_has_its_own_options_and_credentials(stacks: Stacks) -> None:
    stack = stacks.get(
        time_scale=500,
        provider_settings={
            "abbyy": {"region": "EU", "application_id": "europe"},
            "abbyy-us": {"region": "US", "application_id": "america", "export_format": "Xml"},
        },
    )
    jobs = {
        name: stack.job(finished(stack, stack.upload(f"incoming/{name}/invoice.pdf", INVOICE + name.encode())))
        for name in ("abbyy", "abbyy-us")
    }
    assert {name: (job["status"], job["provider"]) for name, job in jobs.items()} == {
        "abbyy": ("CAPTURED", "abbyy"),
        "abbyy-us": ("CAPTURED", "abbyy-us"),
    }
    for name, region in (("abbyy", "EU"), ("abbyy-us", "US")):
        [submission] = stack.submissions(jobs[name]["job_id"])
        raw = stack.s3.get_object(Bucket=stack.bucket, Key=submission["result_key"])["Body"].read()
        assert f'"region":"{region}"'.encode() in raw.replace(b": ", b":")
        assert len(stack.simulators[name].accepted) == 1, "each account talks to its own server"
        assert stack.rows(f"PROVIDER#{name}#0").keys() >= {"LATENCY"}


def test_an_account_without_a_secret_says_which_one_is_missing(stacks: Stacks) -> None:
    stack = stacks.get(time_scale=500, provider_settings={"abbyy": {}})
    job = stack.job(finished(stack, stack.upload("incoming/abbyy-nowhere/invoice.pdf", INVOICE)))
    assert (job["status"], job["error_code"]) == ("FAILED", "SettingMissing")
    assert "providers/abbyy-nowhere" in job["error_message"]
    assert "'base_url'" in job["error_message"] or "'application_token'" in job["error_message"]
