"""The folder of ``serve --keep``: whole files, for one stack alone, and nothing overwritten that is not its own."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from local_stack.errors import UserError
from local_stack.keeping import files
from local_stack.keeping.folder import KeepFolder
from local_stack.keeping.kept_job import STOPPED, KeptJob, KeptObject, safe_name
from tests.unit.local_stack.kept import BUCKET, CONTENT, JOB_ID, KEY, a_job, a_row, an_object

OTHER = "01M8PF51M3XGHH0EYXBBWEMK2D"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder with one kept job."""
    path = tmp_path / "deep" / "kept"
    with closing(KeepFolder(path)) as folder:
        folder.write_object(JOB_ID, "document/invoice.pdf", CONTENT)
        folder.write_job(a_job(), {"invoice": {"total": "ä"}})
    return path


def everything(path: Path) -> dict[str, bytes | None]:
    """What is in a folder, but for the number of the process that has it."""
    return {
        str(entry.relative_to(path)): entry.read_bytes() if entry.is_file() else None
        for entry in path.rglob("*")
        if entry.name != ".lock"
    }


def test_what_was_written_is_there_again_and_for_its_owner_alone(path: Path) -> None:
    with closing(KeepFolder(path)) as folder:
        assert folder.jobs == {JOB_ID: a_job()}
        assert folder.content(JOB_ID, "document/invoice.pdf") == CONTENT
        assert (folder.expired, folder.incomplete) == (0, [])
    assert json.loads((path / JOB_ID / "invoice.json").read_text()) == {"invoice": {"total": "ä"}}
    for entry in (path, *path.rglob("*")):
        assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0, entry


def test_items_survive_the_way_through_the_file(path: Path) -> None:
    job = a_job()
    with closing(KeepFolder(path)) as folder:
        assert list(folder.jobs[JOB_ID].items()) == list(job.items())
    [item, *_] = job.items()
    assert json.loads(item["order"]["S"])["metadata"] == {"exact": 1.10, "text": "ä"}


def test_only_one_stack_keeps_in_a_folder(path: Path) -> None:
    with closing(KeepFolder(path)):
        before = everything(path)
        with pytest.raises(UserError, match=f"Another local stack, process {os.getpid()}, keeps its jobs in"):
            KeepFolder(path)
        assert everything(path) == before
    KeepFolder(path).close()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"sun")
    with pytest.raises(UserError, match=r"was not made by --keep, and has other files in it \(holiday.jpg\)"):
        KeepFolder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(UserError, match="is none"):
        KeepFolder(tmp_path / "holiday.jpg")


def test_notes_of_a_person_in_it_stay(path: Path) -> None:
    (path / "notes.txt").write_text("mine")
    (path / JOB_ID / "notes.txt").write_text("mine")
    with closing(KeepFolder(path)) as folder:
        folder.write_job(a_job(), None)
    assert (path / "notes.txt").exists()
    assert (path / JOB_ID / "notes.txt").exists()
    assert not (path / JOB_ID / "invoice.json").exists(), "there is no invoice any more"


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(job: Path) -> None:
        content = json.loads((job / "job.json").read_text())
        change(content)
        (job / "job.json").write_text(json.dumps(content))

    return edit


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda job: (job / "job.json").write_text('{"format": 1, "job_id"'), "it is no JSON"),
        (lambda job: (job / "job.json").write_bytes(b"\xff\xfe"), "it is no JSON"),
        (lambda job: (job / "job.json").write_text("[" * 100_000), "it is no JSON"),
        (lambda job: (job / "job.json").write_text("[]"), "valid dictionary"),
        (lambda job: (job / "document" / "invoice.pdf").write_bytes(b"else"), "invoice.pdf was changed"),
        (lambda job: (job / "document" / "invoice.pdf").unlink(), "No such file"),
        (_edit(lambda content: content.update(format=2)), "format"),
        (_edit(lambda content: content.update(job_id=OTHER)), "of another job"),
        (_edit(lambda content: content["job"].pop("created_at")), "something of the job is missing"),
        (_edit(lambda content: content["job"].update(status="LOST")), "something of the job is missing"),
        (_edit(lambda content: content["job"].pop("ttl")), "something of the job is missing"),
        (_edit(lambda content: content["submissions"][0].pop("version")), "something of the job is missing"),
        (_edit(lambda content: content["submissions"][0].update(state="LOST")), "something of the job is missing"),
        (
            _edit(lambda content: content["further"].append({"PK": f"JOB#{JOB_ID}", "SK": "INVOICE", "invoice": "{"})),
            "something of the job is missing",
        ),
        (_edit(lambda content: content["submissions"][0].update(PK="KEYS")), "belongs to another job"),
        (
            _edit(lambda content: content["further"].append({"PK": "SHA256#x", "SK": "SHA256", "job_id": OTHER})),
            "belongs",
        ),
        (_edit(lambda content: content["objects"][0].update(file="document/../../../x")), "no file of a job"),
        (_edit(lambda content: content["objects"][0].update(file="/etc/passwd")), "no file of a job"),
    ],
)
def test_damage_is_told_and_nothing_is_touched(damage: Callable[[Path], object], sentence: str, path: Path) -> None:
    damage(path / JOB_ID)
    before = everything(path)
    with pytest.raises(UserError, match="is damaged, and nothing in it was changed") as caught:
        KeepFolder(path)
    assert sentence in str(caught.value)
    assert str(path / JOB_ID) in str(caught.value)
    assert everything(path) == before


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2}', '{"keys": 1}', '{"made_by": "somebody else"}', '{"keys": [{}]}']
)
def test_a_damaged_or_foreign_stack_file_is_told(text: str, path: Path) -> None:
    (path / "stack.json").write_text(text)
    with pytest.raises(UserError, match="is damaged, or of a later version"):
        KeepFolder(path)
    assert (path / "stack.json").read_text() == text


def test_many_damaged_jobs_are_one_message(tmp_path: Path) -> None:
    KeepFolder(tmp_path / "kept").close()
    for number in range(9):
        folder = tmp_path / "kept" / f"{JOB_ID[:-1]}{number}"
        folder.mkdir()
        (folder / "job.json").write_text("{")
    with pytest.raises(UserError, match="And 4 more"):
        KeepFolder(tmp_path / "kept")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / "kept"))

    monkeypatch.setattr(files, "write", refuse)
    with pytest.raises(UserError, match=r"cannot keep anything: .*kept: Read-only file system\."):
        KeepFolder(tmp_path / "kept")


def test_what_was_half_written_is_never_offered(path: Path) -> None:
    half = path / OTHER
    (half / "document").mkdir(parents=True)
    (half / "document" / "new.pdf").write_bytes(CONTENT)
    for leftover in (half / ".abc.part", half / "document" / ".abc.part", path / ".abc.part"):
        leftover.write_bytes(b"half")
    with closing(KeepFolder(path)) as folder:
        assert list(folder.jobs) == [JOB_ID]
        assert list(folder.documents_of_incomplete()) == [half / "document" / "new.pdf"]
    assert not list(path.rglob("*.part"))


@pytest.mark.parametrize("failing", ["open", "write", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_former_file(failing: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(KeepFolder(path)) as folder:
        before = everything(path)
        with monkeypatch.context() as patch:
            if failing == "write":
                patch.setattr(files.os, "fdopen", full)
            elif failing == "replace":
                patch.setattr(Path, "replace", full)
            else:
                patch.setattr(files.os, failing, full)
            with pytest.raises(OSError, match="No space left"):
                folder.write_job(a_job(status="FAILED"), None)
        after = everything(path)
    assert after[f"{JOB_ID}/job.json"] == before[f"{JOB_ID}/job.json"]
    assert not [name for name in after if name.endswith(".part")]


def test_what_is_hidden_is_gone_at_once_and_wholly_after_a_crash(path: Path) -> None:
    with closing(KeepFolder(path)) as folder:
        folder.hide(JOB_ID)
        folder.hide(JOB_ID)
        assert not (path / JOB_ID).exists()
    with closing(KeepFolder(path)) as folder:
        assert folder.jobs == {}
    assert set(everything(path)) == {"stack.json"}


def test_what_is_past_its_retention_is_removed(path: Path) -> None:
    with closing(KeepFolder(path)) as folder:
        folder.write_object(OTHER, "document/invoice.pdf", CONTENT)
        folder.write_job(a_job(OTHER, ttl=1), None)
    with closing(KeepFolder(path)) as folder:
        assert (list(folder.jobs), folder.expired) == ([JOB_ID], 1)
    assert not (path / OTHER).exists()


@pytest.mark.parametrize("job_id", ["", ".", "..", "../x", "a/b", JOB_ID.lower(), JOB_ID + "/", JOB_ID + "\n"])
def test_nothing_but_the_id_of_a_job_becomes_a_path(job_id: str, path: Path) -> None:
    with closing(KeepFolder(path)) as folder:
        with pytest.raises(ValueError, match="is no id of a job"):
            folder.write_object(job_id, "document/x", b"")
        with pytest.raises(ValueError, match="is no id of a job"):
            folder.hide(job_id)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("incoming/a/Rechnung Mai.pdf", "Rechnung Mai.pdf"),
        ("incoming/..", "document"),
        ("incoming/", "document"),
        ("incoming/a\\b\n\0.pdf", "a_b__.pdf"),
        ("incoming/" + "ü" * 300, "ü" * 100),
        ("incoming/\ud800.pdf", "_.pdf"),
    ],
)
def test_any_key_becomes_the_name_of_a_file(key: str, name: str) -> None:
    assert safe_name(key) == name
    assert KeptObject.model_validate(an_object().model_dump() | {"file": f"document/{name}"})


def test_a_file_outside_of_the_job_is_refused() -> None:
    for file in ("document/..", "document/.", "other/x", "x", "document/a/b", "results/"):
        with pytest.raises(ValidationError):
            KeptObject.model_validate(an_object().model_dump() | {"file": file})


@pytest.fixture
def interrupted() -> KeptJob:
    job = a_job(status="SUBMITTED", due_shard="JOBS#OPEN", next_check_at="2026-01-14T09:31:00.000Z")
    return job.model_copy(
        update={
            "submissions": [
                a_row(state="FAILED", error_code="NoCredit"),
                a_row(SK="SUBMISSION#2", number=2, provider="abbyy", state="SUBMITTING", task_token="t", due_shard="P"),
            ]
        }
    )


def test_an_interrupted_job_is_offered_as_failed_and_can_be_retried(interrupted: KeptJob) -> None:
    job = interrupted.read()
    assert interrupted.is_interrupted
    ended = interrupted.ended(job.created_at)
    read = ended.read()
    assert (read.status, read.error_code, ended.is_interrupted) == ("FAILED", STOPPED, False)
    assert read.error_message == (
        "The local stack stopped before invoice.pdf was finished. Retry the job to start it again. "
        "Look first whether abbyy has it already, or it may charge twice."
    )
    assert {"due_shard", "next_check_at"} & set(ended.job) == set()
    first, second = ended.submissions
    assert first == interrupted.submissions[0], "what had ended is left as it was"
    assert (second["state"], second["error_code"], second["version"]) == ("FAILED", "SubmissionInDoubt", 4)
    assert {"task_token", "due_shard"} & set(second) == set()


def test_a_job_in_another_bucket_points_there() -> None:
    moved = a_job().moved("new", {(KEY, "v1"): "v2"})
    job = moved.read()
    assert (job.document.bucket, job.document.version_id) == ("new", "v2")
    assert job.order is not None
    assert job.order.document_url == f"s3://new/{KEY}"
    assert moved.submissions[0]["document"] == {"bucket": "new", "key": KEY, "version_id": "v2", "size": len(CONTENT)}
    assert moved.objects[0].place == (KEY, "v2")
    assert moved.bucket == "new"
    assert a_job().bucket == BUCKET
