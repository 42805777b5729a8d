"""Whether verify finds every byte that is changed in an exported history.

    python -m benchmarks.flipped_bytes [--flips 1000] [--seed 20261201]

Recipe: a local stack captures a PDF and an XML invoice that clients order, a person corrects one of them, and both
jobs are exported as audit --export does. Then one byte is changed, verify looks at the folder, and the byte is put
back; half of the times it is any byte, half of the times a byte of any file, so that small files have their share. A
change counts as found when verify names the file that it is in. Ends with status 1 when one is not found, or when a
folder that nobody touched is not whole.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.bounds import Figure, conclude
from invoice_capture_cli.archive.folder import HISTORY, problems_of, write_folder
from invoice_capture_cli.archive.stored import Archive
from invoice_capture_cli.stack import Stack
from local_stack.isolation import REGION
from local_stack.serve import make_key
from local_stack.stack import STACK_NAME, LocalStack
from tools.api_statuses import Client
from tools.stage import SAMPLES

_DOCUMENTS = ("dutch_eur_labels_below.pdf", "peppol_ubl_belgium.xml")
_JOBS = "/ocr-invoice-job"
_PATIENCE_SECONDS = 30


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Change bytes of exported histories, and see whether verify finds them."
    )
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261201)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folders = export_all(Path(place))
        untouched = [problem for folder in folders for problem in problems_of(folder, None)]
        files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
        sizes = [file.stat().st_size for file in files]
        chance, found, missed = random.Random(options.seed), Counter[str](), Counter[str]()
        for number in range(options.flips):
            [file] = chance.choices(files, sizes) if number % 2 else [chance.choice(files)]
            kind = file.parent.name if file.parent not in folders else file.name
            (found if is_found(chance, file, folders) else missed)[kind] += 1
    print(f"{len(files)} files, {sum(sizes):,} bytes; found: {dict(sorted(found.items()))}, missed: {dict(missed)}")
    print(f"what is wrong with folders that nobody touched: {'; '.join(untouched) or 'nothing'}")
    return conclude(
        [
            Figure("1-byte changes that verify finds", found.total(), options.flips, at_least=True),
            Figure("problems that verify sees in folders that nobody touched", len(untouched), 0),
        ]
    )


def export_all(place: Path) -> list[Path]:
    """Capture, correct and export; the folders."""
    with LocalStack(time_scale=2_000, api_port=0) as stack:
        client = Client(str(stack.api_url), make_key(stack))
        job_ids = []
        for name in _DOCUMENTS:
            form = {"file": (name, (SAMPLES / name).read_bytes())}
            answer = client.ask("POST", f"{_JOBS}/documents", files=form, data={"template": "embedded"})
            job_ids.append(answer.json()["data"]["_id"])
            client.end(job_ids[-1])
        client.ask("POST", f"{_JOBS}/{{id}}/confirm", job_ids[0], json={"values": {"total": "1.00"}})
        archive = Archive(Stack(STACK_NAME, region=REGION, endpoint=stack.aws_endpoint))
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while any(archive.problems(archive.job(job_id), None) for job_id in job_ids):
            # What is recorded later than a window of the stream is told as not recorded yet.
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"The histories were not whole within {_PATIENCE_SECONDS} s.")
            stack.clock.advance(30)
            time.sleep(0.1)
        for job_id in job_ids:
            write_folder(place / job_id, archive, archive.job(job_id))
    return [place / job_id for job_id in job_ids]


def is_found(chance: random.Random, file: Path, folders: list[Path]) -> bool:
    """Change one byte of a file, look, and put it back. A history is called so, without the name of its file."""
    content = file.read_bytes()
    place = chance.randrange(len(content))
    changed = content[place] ^ chance.randrange(1, 256)
    file.write_bytes(content[:place] + bytes([changed]) + content[place + 1 :])
    [folder] = [folder for folder in folders if folder in file.parents]
    problems = problems_of(folder, None)
    file.write_bytes(content)
    name = file.relative_to(folder).as_posix()
    names = {problem.partition(":")[0] for problem in problems}
    return name in names or (name == HISTORY and "history" in names)


if __name__ == "__main__":
    sys.exit(main())
