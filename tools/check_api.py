"""Hold the HTTP API of the local stack to its own OpenAPI document and to the provider's contract.

    python -m tools.check_api --fuzzer PATH [--examples 10] [--seed 1]

Schemathesis sends requests made from each document, right and wrong ones, and looks for server errors and for answers
that the document does not have; the number of examples and the seed are fixed, so that a run can be repeated. Then
every status that our document names for an operation is brought about on purpose. Ends with status 1 when something
does not hold.

The local stack reads documents with a scripted provider that takes a year: a job that was started stays in the two
states that the contract has for starting one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests

from local_stack.serve import CLIENT, make_key
from local_stack.stack import LocalStack
from tools.api_statuses import unreached
from tools.stage import PROJECT

_CONTRACT = PROJECT / "tests" / "contract" / "ocr_invoice_job.openapi.yaml"
_SAMPLE = PROJECT / "samples" / "documents" / "english_gbp_classic.pdf"
_DOCUMENTS = 1000
_CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "missing_required_header", "use_after_free", "ignored_auth"),
)
# Only our document says everything that is refused, and with what.
_CHECKS_OF_OURS = (*_CHECKS, "negative_data_rejection")
_UNTHROTTLED = dict.fromkeys(
    ("RequestsPerSecond", "RequestBurst", "StageRequestsPerSecond", "StageRequestBurst", "OpenRequestBurst"), "100000"
)
_A_YEAR = {"latency_seconds": str(365 * 24 * 3600)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold the HTTP API to its documents.")
    parser.add_argument("--fuzzer", type=Path, required=True, help="the program schemathesis, in its own environment")
    parser.add_argument("--examples", type=int, default=10, help="at most for each operation (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    options = parser.parse_args()
    with LocalStack(
        api_port=0,
        parameters={**_UNTHROTTLED, "DefaultRoute": "scripted"},
        provider_settings={"scripted": _A_YEAR},
    ) as stack:
        key = make_key(stack)
        documents = " ".join(_documents(stack))
        url = str(stack.api_url)
        with tempfile.TemporaryDirectory() as work:
            ours = Path(work) / "openapi.json"
            ours.write_text(requests.get(f"{url}/openapi.json", timeout=30).text, encoding="utf-8")
            common = ["--max-examples", str(options.examples), "--seed", str(options.seed)]
            sound = [
                _fuzz(
                    name,
                    location,
                    [*common, "--checks", ",".join(checks)],
                    fuzzer=options.fuzzer,
                    url=url,
                    key=key,
                    documents=documents,
                )
                for name, location, checks in (
                    ("our OpenAPI document", ours, _CHECKS_OF_OURS),
                    ("the provider's contract", _CONTRACT, _CHECKS),
                )
            ]
    missing = unreached()
    for operation, status in missing:
        print(f"{operation} never answered {status}", file=sys.stderr)
    print(f"documented statuses that were not reached: {len(missing)}")
    return 0 if all(sound) and not missing else 1


def _documents(stack: LocalStack) -> Iterator[str]:
    """Links to documents of the client whose key is used, all different: none must be a duplicate of another."""
    sample = _SAMPLE.read_bytes()
    for number in range(_DOCUMENTS):
        key = f"documents/{CLIENT}/check/{number}.pdf"
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=sample + b"%% %d" % number)
        yield f"s3://{stack.bucket}/{key}"


def _fuzz(
    name: str, location: Path, options: Sequence[str], *, fuzzer: Path, url: str, key: str, documents: str
) -> bool:
    print(f"--- {name}", flush=True)
    command = [
        *(str(fuzzer.resolve()), "run", str(location), "--url", url),
        *("--header", f"api-key: {key}", "--request-timeout", "30", "--suppress-health-check", "all"),
        *("--warnings", "off", *options),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "SCHEMATHESIS_HOOKS": "tools.check_api_hooks",
        "CHECKED_DOCUMENTS": documents,
    }
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run(command, cwd=folder, env=environment, check=False)
    return finished.returncode == 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A handler that still runs on another thread would hold an ordinary exit up.
    os._exit(status)
