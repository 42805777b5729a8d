"""``process``: capture documents, show what became of them, and stop."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from invoice_capture_cli.tables import console
from local_stack import report, table
from local_stack.action_links import ActionLinks
from local_stack.documents import Document, find
from local_stack.errors import Interrupted
from local_stack.outcome import Outcome, outcome_of
from local_stack.progress import LiveProgress
from local_stack.records import Upload
from local_stack.session import Options, longest_wait, opened
from local_stack.stack import LocalStack


def run(paths: list[str], options: Options) -> int:
    """The exit status: 0 when every document ended well, 1 otherwise.

    Raises:
        UserError: what was asked for cannot be done.
        Interrupted: after showing what was finished.
    """
    documents = find(paths, options.provider)
    began = time.monotonic()
    outcomes: dict[str, Outcome] = {}
    interrupted = False
    with LiveProgress(console(stderr=True), len(documents)) as progress, opened(options) as stack:
        progress.begin()
        links = ActionLinks(stack, progress.console)
        try:
            for document, outcome in _capture(stack, documents, links.show_new):
                outcomes[document.key] = outcome
                progress.finished(outcome)
        except KeyboardInterrupt:
            interrupted = True
        published = stack.notifications()
        finished = [
            # A notification too many may come after the end, and must not go unseen.
            replace(ended, notifications=sum(item.message.get("job_id") == ended.job_id for item in published))
            for ended in (outcomes[document.key] for document in documents if document.key in outcomes)
        ]
        costs = report.build(stack.ledger, finished)
    if options.report is not None:
        report.write(Path(options.report), costs)
    rows = "".join(json.dumps(outcome.to_json(), ensure_ascii=False) + "\n" for outcome in finished)
    if options.json_file is not None:
        report.write_text(Path(options.json_file), rows)
    if options.json:
        sys.stdout.write(rows)
    elif finished:
        with_lines = options.lines or len(documents) == 1
        table.show(console(), finished, published, time.monotonic() - began, with_lines)
    if interrupted:
        raise Interrupted(f"Stopped: {len(finished)} of {len(documents)} documents were finished.")
    return 0 if all(outcome.is_good for outcome in finished) else 1


def _capture(
    stack: LocalStack, documents: list[Document], while_waiting: Callable[[], None]
) -> Iterator[tuple[Document, Outcome]]:
    """Drop the documents, and yield each when it is finished or no longer waited for."""
    pending: dict[Upload, Document] = {}

    def settle(upload: Upload) -> tuple[Document, Outcome]:
        document = pending.pop(upload)
        return document, outcome_of(stack, document.name, upload)

    for document in documents:
        pending[stack.upload(document.key, document.read())] = document
        for upload in stack.ended(pending):
            yield settle(upload)
    for upload in stack.finished(list(pending), longest_wait(stack), while_waiting):
        yield settle(upload)
    for upload in list(pending):
        yield settle(upload)
