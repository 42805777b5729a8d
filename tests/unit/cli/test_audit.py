"""``audit`` and ``verify``: what auditors see, and whatever somebody does to a job or its history is found."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invoice_capture.domain.history import canonical, hash_of, read_entries, sha256_of, written
from tests.unit.cli.audited import BUCKET, DOCUMENT_KEY, AuditedJob
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli

STACK = ("--stack", "prod")


@pytest.fixture
def job(world: World) -> AuditedJob:
    return AuditedJob(world)


@pytest.fixture
def folder(job: AuditedJob, bare: Cli) -> Path:
    exported = Path("exported").resolve()
    result = bare("audit", job.job_id, *STACK, "--export", exported, "--json")
    assert result.exit_code == 0, result.output
    return exported


def test_people_see_who_changed_what_from_which_value(job: AuditedJob, bare: Cli, monkeypatch: Any) -> None:
    for width in ("80", "140"):
        monkeypatch.setenv("COLUMNS", width)
        result = bare("audit", job.job_id, *STACK)
        assert result.exit_code == 0, result.output
        shown = " ".join(result.stdout.split())
        for words in ("JobsApi acme", "status: RECEIVED → CAPTURED", "summary total: 10.00 → 11.00", job.head):
            assert words in shown
        assert "secret" not in shown
        assert all(len(line) <= int(width) for line in result.stdout.splitlines())


def test_a_job_that_has_just_begun_has_no_history_yet(job: AuditedJob, bare: Cli) -> None:
    young, old = "01JGYD1W00P7RSZ4K8Q6T3V5XA", "01JGYD1W00P7RSZ4K8Q6T3V5XB"
    for job_id, changed in ((young, datetime.now(UTC)), (old, datetime.now(UTC) - timedelta(hours=1))):
        job.job_id = job_id
        job.change("JOB", by=None, recorded=False, job_id=job_id, status="RECEIVED", updated_at=changed.isoformat())
    result = bare("audit", young, *STACK)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "may not be recorded yet: try again." in result.stderr
    assert f"cannot be shown: there is none of job {old}." in bare("audit", old, *STACK).stderr


def test_programs_get_every_entry(job: AuditedJob, bare: Cli) -> None:
    told = json.loads(bare("audit", job.job_id, *STACK, "--json").stdout)
    assert (told["job"], told["head"], len(told["entries"])) == (job.job_id, job.head, 7)


def test_what_nobody_touched_is_whole(job: AuditedJob, folder: Path, bare: Cli) -> None:
    for subject in ((job.job_id, *STACK), (folder,)):
        result = bare("verify", *subject)
        assert (result.exit_code, result.stdout) == (0, f"Nothing was altered: 7 entries, head {job.head}\n")
        assert "could write anew" in result.stderr
        assert bare("verify", *subject, "--head", job.head.upper()).stderr == ""
        told = json.loads(bare("verify", *subject, "--head", job.head, "--json").stdout)
        assert told == {"job": job.job_id, "entries": 7, "head": job.head, "compared": True, "altered": []}


def test_an_older_head_proves_what_came_before(job: AuditedJob, bare: Cli) -> None:
    noted = job.head
    job.change("JOB", by="JobsApi acme", remark="later")
    assert bare("verify", job.job_id, *STACK, "--head", noted).exit_code == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_flipped_byte_is_found_wherever_it_is(folder: Path, bare: Cli, seed: int) -> None:
    chance = random.Random(seed)
    for path in (path for path in sorted(folder.rglob("*")) if path.is_file()):
        content = path.read_bytes()
        place = chance.randrange(len(content))
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :])
        result = bare("verify", folder)
        assert result.exit_code == 1
        assert (path.relative_to(folder).as_posix() in result.stdout) or "history" in result.stdout
        path.write_bytes(content)
    assert bare("verify", folder).exit_code == 0


# --- attacks on a folder ----------------------------------------------------------------------------------------------


def _entries(folder: Path) -> list[dict[str, Any]]:
    return [dict(entry) for entry in read_entries((folder / "history.jsonl").read_bytes())]


def _write(folder: Path, entries: list[dict[str, Any]]) -> None:
    (folder / "history.jsonl").write_bytes(written(entries))


def _sign_anew(folder: Path) -> None:
    """Make a manifest that fits whatever is there, as an attacker with a copy of this program would."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["digest"]
    entries = _entries(folder)
    manifest |= {"head": entries[-1]["hash"], "entries": len(entries)}
    for name in list(manifest["files"]):
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": sha256_of(content), "bytes": len(content)}
    (folder / "manifest.json").write_bytes(canonical({**manifest, "digest": sha256_of(canonical(manifest))}) + b"\n")


def _chain_anew(entries: list[dict[str, Any]]) -> None:
    previous = "0" * 64
    for sequence, entry in enumerate(entries, start=1):
        entry |= {"sequence": sequence, "previous": previous}
        entry["hash"] = previous = hash_of(entry)


def _remove_last(folder: Path) -> None:
    _write(folder, _entries(folder)[:-1])


def _swap(folder: Path) -> None:
    first, second, *others = _entries(folder)
    _write(folder, [second, first, *others])
    _sign_anew(folder)


def _leave_one_out_and_chain_anew(folder: Path) -> None:
    entries = [entry for entry in _entries(folder) if entry["sequence"] != 3]
    entries[-1]["what"]["summary"]["from"] = "another"
    _chain_anew(entries)
    _write(folder, entries)
    _sign_anew(folder)


def _replace_the_document(folder: Path) -> None:
    [document] = (folder / "document").iterdir()
    document.write_bytes(b"%PDF-1.7 another one")
    _sign_anew(folder)


def _replace_a_value(folder: Path) -> None:
    (folder / "values" / "invoice.invoice").write_text('{"total":"99.00"}')
    _sign_anew(folder)


def _forget_the_result(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    [name] = [name for name in manifest["files"] if name.startswith("results/")]
    del manifest["files"][name], manifest["objects"][name]
    (folder / name).unlink()
    (folder / "manifest.json").write_bytes(canonical(manifest))
    _sign_anew(folder)


def _add_a_file(folder: Path) -> None:
    (folder / "document" / "extra.pdf").write_bytes(b"%PDF")


def _remove_a_file(folder: Path) -> None:
    (folder / "values" / "invoice.findings").unlink()


def _point_elsewhere(folder: Path) -> None:
    [document] = (folder / "document").iterdir()
    document.rename(folder.parent / "moved.pdf")
    document.symlink_to(folder.parent / "moved.pdf")


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (_remove_last, "history.jsonl: it was altered"),
        (_swap, "entry 1 does not follow"),
        (_leave_one_out_and_chain_anew, "a change of summary"),
        (_replace_the_document, "document/Rechnung März.pdf: it is not what the history says"),
        (_replace_a_value, "values/invoice.invoice: it is not what the history says"),
        (_forget_the_result, "1-embedded.json: it is not in the folder"),
        (_add_a_file, "document/extra.pdf: it was not exported"),
        (_remove_a_file, "values/invoice.findings: it is missing"),
        (_point_elsewhere, "document/Rechnung März.pdf: it is missing"),
    ],
)
def test_what_is_done_to_a_folder_is_found(attack: Callable[[Path], None], told: str, folder: Path, bare: Cli) -> None:
    attack(folder)
    result = bare("verify", folder)
    assert result.exit_code == 1
    assert told in result.stdout
    assert "Altered: " in result.stdout


def test_the_history_of_another_job_is_found(folder: Path, bare: Cli, world: World) -> None:
    other = AuditedJob(world, "01JGYD1W00P7RSZ4K8Q6T3V5Y0")
    bare("audit", other.job_id, *STACK, "--export", "other")
    shutil.copy("other/history.jsonl", folder / "history.jsonl")
    _sign_anew(folder)
    result = bare("verify", folder)
    assert result.exit_code == 1
    assert "of another job" in result.stdout


def test_a_folder_written_anew_as_a_whole_is_found_by_a_noted_head_alone(
    job: AuditedJob, folder: Path, bare: Cli
) -> None:
    entries = _entries(folder)
    entries[0]["by"] = "somebody else"
    _chain_anew(entries)
    _write(folder, entries)
    _sign_anew(folder)
    assert bare("verify", folder).exit_code == 0
    result = bare("verify", folder, "--head", job.head)
    assert result.exit_code == 1
    assert "written anew" in result.stdout


# --- attacks on a stack -----------------------------------------------------------------------------------------------


def _cut_off(job: AuditedJob) -> None:
    job.s3.delete_object(Bucket=BUCKET, Key=job.portions()[-1])


def _replace_a_portion(job: AuditedJob) -> None:
    key = job.portions()[2]
    content = job.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    job.s3.put_object(Bucket=BUCKET, Key=key, Body=content.replace(b"DONE", b"LOST"))


def _change_the_row(job: AuditedJob) -> None:
    job.change("JOB", by=None, recorded=False, status="FAILED")


def _flip_a_byte_that_says_nothing(job: AuditedJob) -> None:
    """In the header of what is packed, which reads the same."""
    packed = gzip.compress(b'{"total":"10.00"}', mtime=1)
    job.change("INVOICE", by=None, recorded=False, invoice=packed)


def _delete_a_row(job: AuditedJob) -> None:
    key = {"PK": {"S": f"JOB#{job.job_id}"}, "SK": {"S": "CONFIRMED"}}
    job.world.dynamodb.delete_item(TableName="table", Key=key)


def _add_a_row(job: AuditedJob) -> None:
    job.change("SUBMISSION#2", by=None, recorded=False, state="DONE")


def _delete_the_document(job: AuditedJob) -> None:
    for version in job.s3.list_object_versions(Bucket=BUCKET, Prefix=DOCUMENT_KEY)["Versions"]:
        job.s3.delete_object(Bucket=BUCKET, Key=DOCUMENT_KEY, VersionId=version["VersionId"])


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (_cut_off, "history: it was cut off after entry 6; 7 entries were noted in the table"),
        (_replace_a_portion, "entry 3 was altered"),
        (_change_the_row, "job: status is 'FAILED', and was 'CAPTURED'"),
        (_flip_a_byte_that_says_nothing, "invoice: invoice is of SHA-256"),
        (_delete_a_row, "confirmed: it was removed"),
        (_add_a_row, "submission 2: nothing is known"),
        (_delete_the_document, f"{DOCUMENT_KEY}: it is gone"),
    ],
)
def test_what_is_done_in_a_stack_is_found(
    attack: Callable[[AuditedJob], None], told: str, job: AuditedJob, bare: Cli
) -> None:
    attack(job)
    result = bare("verify", job.job_id, *STACK)
    assert result.exit_code == 1
    assert told in result.stdout


# --- mistakes of whoever types ----------------------------------------------------------------------------------------


@pytest.fixture
def mistakes(job: AuditedJob, folder: Path) -> dict[tuple[str, ...], str]:
    Path("empty").mkdir()
    return {
        ("audit", "01JGYD1W00P7RSZ4K8Q6T3V5ZZ", *STACK): "There is no job 01JGYD1W00P7RSZ4K8Q6T3V5ZZ",
        ("verify", "01JGYD1W00P7RSZ4K8Q6T3V5ZZ", *STACK): "There is no job 01JGYD1W00P7RSZ4K8Q6T3V5ZZ",
        ("verify", "empty"): "empty has no manifest.json",
        ("audit", job.job_id, *STACK, "--export", str(folder)): "is not empty",
        ("audit", job.job_id, "--url", "https://example.com", "--key", "k"): "needs the stack itself",
    }


def test_mistakes_are_told(mistakes: dict[tuple[str, ...], str], bare: Cli) -> None:
    for words, told in mistakes.items():
        result = bare(*words)
        assert (result.exit_code, told in result.stderr) == (2, True), result.output


def test_a_history_that_cannot_be_shown_says_so(job: AuditedJob, bare: Cli) -> None:
    _replace_a_portion(job)
    result = bare("audit", job.job_id, *STACK)
    assert result.exit_code == 1
    assert "entry 3 was altered" in result.stderr
