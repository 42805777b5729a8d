"""Put small bugs into the modules where one costs money or a document, and see that the tests notice them."""

import argparse
import contextlib
import hashlib
import json
import os
import pickle
import signal
import sys
import tempfile
import time
import types
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest
import yaml

from tools.mutants import Mutant, mutants

CAPTURE = "layers/capture/invoice_capture"
CHOOSE = "layers/engine/invoice_engine/choose"
MODULES = (
    f"{CAPTURE}/domain/*.py",
    f"{CAPTURE}/aws/*_store.py",
    f"{CAPTURE}/aws/*_items.py",
    f"{CAPTURE}/aws/table.py",
    *(f"{CAPTURE}/use_cases/*/{name}.py" for name in ("submit_document", "submitter", "resolve_submission")),
    *(f"{CAPTURE}/use_cases/*/{name}.py" for name in ("poll_loop", "poll_submissions", "check_submissions")),
    *(f"{CAPTURE}/use_cases/*/{name}.py" for name in ("store_invoice", "sweep_jobs", "erase_job", "provider_throttle")),
    f"{CHOOSE}/totals.py",
    f"{CHOOSE}/receipt_totals.py",
)
TESTS = ("tests/unit/domain", "tests/unit/aws", "tests/unit/use_cases", "tests/unit/engine", "tests/contract")
EXCUSES = Path("tools/mutant_excuses.yaml")
STATE = Path(".state/mutants.json")
LEAST_SCORE = 0.95
# A mutant that makes the tests loop is noticed too: after so many seconds, and so many times what they take otherwise.
LEAST_LIMIT_SECONDS = 60.0
SLOWER = 10.0
LOOK_SECONDS = 0.02
KILLED, SURVIVED, LOOPED = "killed", "survived", "looped"
"""What becomes of a mutant; one that makes the tests take too long is as good as killed, and counted apart."""
# What pytest exits with when a test fails, and when a module cannot be imported any more.
FAILED = frozenset({1, 2})
TIMED_OUT = -1

Runs = dict[str, dict[int, set[str]]]


@dataclass
class _Executed:
    """Which tests execute which line of the modules, and how long each of them takes in seconds."""

    tests: Runs = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What became of a mutant of a module."""

    module: str
    mutant: Mutant
    outcome: str

    @property
    def killed(self) -> bool:
        return self.outcome != SURVIVED

    @property
    def key(self) -> str:
        """The mutant's name as it stands in the file of excuses."""
        return f"{self.module} | {self.mutant.key}"


class _Recorder:
    """Notes lines by sys.monitoring, in the code of the modules alone: the rest runs at its full speed."""

    def __init__(self, modules: Iterable[str]) -> None:
        self.executed = _Executed()
        self._paths = {str(Path(module).resolve()): module for module in modules}
        self._test = ""
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "check_mutants")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._note)

    def watch(self, code: types.CodeType) -> None:
        sys.monitoring.set_local_events(sys.monitoring.COVERAGE_ID, code, sys.monitoring.events.LINE)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.watch(constant)

    def _note(self, code: types.CodeType, line: int) -> object:
        if self._test:
            self.executed.tests[self._paths[code.co_filename]][line].add(self._test)
            return sys.monitoring.DISABLE
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object:
        sys.monitoring.restart_events()
        self._test, began = item.nodeid, time.perf_counter()
        try:
            return (yield)
        finally:
            self._test = ""
            self.executed.seconds[item.nodeid] = time.perf_counter() - began


class _Selection:
    """Runs the chosen tests alone, the quickest first."""

    def __init__(self, chosen: list[str]) -> None:
        self._places = {test: place for place, test in enumerate(chosen)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._places), key=lambda item: self._places[item.nodeid]
        )


def _compile_as(compiled: Callable[[str], types.CodeType | None]) -> None:
    """Have modules compiled by `compiled(path)`, in this process, where it has an answer."""
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> types.CodeType | None:
        return compiled(str(Path(self.path).resolve())) or usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]


def _pytest(arguments: list[str], plugin: object, output: Path = Path(os.devnull)) -> int:
    with output.open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        return int(pytest.main(["-x", "-p", "no:xdist", *arguments], plugins=[plugin]))


class _Child:
    """Work in a process of its own. The process that starts it has one thread: a fork of more may wait for ever."""

    def __init__(self, work: Callable[[], int], seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._process = os.fork()
        if self._process == 0:
            with contextlib.suppress(BaseException):
                os.setsid()
                os._exit(work())
            os._exit(1)

    def answer(self) -> int | None:
        """What the work came to: 1 if it died, TIMED_OUT if it took too long, None while it goes on."""
        done, status = os.waitpid(self._process, os.WNOHANG)
        if done:
            return 1 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if time.monotonic() < self._until:
            return None
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        return TIMED_OUT


def _forked(work: Callable[[], int], seconds: float) -> int:
    child = _Child(work, seconds)
    while (answer := child.answer()) is None:
        time.sleep(LOOK_SECONDS)
    return answer


def _record(modules: list[str], tests: list[str]) -> _Executed:
    """Run all tests once.

    Raises:
        SystemExit: they fail without a mutant.
    """
    with tempfile.TemporaryDirectory() as folder:
        notes, output = Path(folder, "executed"), Path(folder, "output")

        def work() -> int:
            recorder = _Recorder(modules)
            paths = {str(Path(module).resolve()) for module in modules}

            def compiled(path: str) -> types.CodeType | None:
                if path not in paths:
                    return None
                code = compile(Path(path).read_text(), path, "exec")
                recorder.watch(code)
                return code

            _compile_as(compiled)
            failed = _pytest(tests, recorder, output)
            executed = recorder.executed
            plain = {module: dict(lines) for module, lines in executed.tests.items()}
            notes.write_bytes(pickle.dumps((plain, executed.seconds)))
            return failed

        if _forked(work, 3600):
            sys.exit(f"{output.read_text()}\nThe tests fail without any mutant.")
        return _Executed(*pickle.loads(notes.read_bytes()))


def _chosen(mutant: Mutant, module: str, executed: _Executed) -> list[str]:
    lines = executed.tests.get(module, {})
    noticed = lines.values() if mutant.on_import else (lines.get(line, set()) for line in mutant.lines)
    return sorted(set().union(*noticed), key=lambda test: (executed.seconds[test], test))


def _attempt(mutant: Mutant, module: str, tests: list[str], executed: _Executed) -> _Child:
    path = str(Path(module).resolve())

    def work() -> int:
        _compile_as(lambda asked: compile(mutant.source, path, "exec") if asked == path else None)
        return _pytest(sorted({test.split("::")[0] for test in tests}), _Selection(tests))

    return _Child(work, LEAST_LIMIT_SECONDS + SLOWER * sum(executed.seconds[test] for test in tests))


def _digest(mutant: Mutant, tests: list[str]) -> str:
    digest = hashlib.sha256(mutant.source.encode())
    for path in sorted({test.split("::")[0] for test in tests}):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def examine(modules: list[str], tests: list[str], workers: int = 2, state: Path = STATE) -> list[Result]:
    """Run every mutant of the modules against the tests that execute its line; what `state` knows is not run again."""
    executed = _record(modules, tests)
    known: dict[str, str] = json.loads(state.read_text()) if state.exists() else {}

    results = []
    for module in modules:
        tried = [(mutant, _chosen(mutant, module, executed)) for mutant in mutants(Path(module).read_text())]
        open_ones = {_digest(mutant, chosen): (mutant, chosen) for mutant, chosen in tried}
        waiting = [(digest, *one) for digest, one in open_ones.items() if digest not in known]
        running: dict[str, _Child] = {}
        while waiting or running:
            while waiting and len(running) < workers:
                digest, mutant, chosen = waiting.pop()
                if chosen:
                    running[digest] = _attempt(mutant, module, chosen, executed)
                else:
                    known[digest] = SURVIVED
            answers = {digest: child.answer() for digest, child in running.items()}
            known |= {digest: _outcome(answer) for digest, answer in answers.items() if answer is not None}
            running = {digest: child for digest, child in running.items() if answers[digest] is None}
            time.sleep(LOOK_SECONDS)
        state.parent.mkdir(exist_ok=True)
        state.write_text(json.dumps(known))
        of_module = [Result(module, mutant, known[_digest(mutant, chosen)]) for mutant, chosen in tried]
        print(_row(module, of_module), flush=True)
        results += of_module
    return results


def _outcome(answer: int) -> str:
    """Raises RuntimeError when pytest neither passed nor failed: nothing is known of the mutant then."""
    if answer == TIMED_OUT:
        return LOOPED
    if answer and answer not in FAILED:
        raise RuntimeError(f"pytest ended with {answer}, which is no verdict on a mutant.")
    return KILLED if answer else SURVIVED


def _row(name: str, results: list[Result]) -> str:
    killed = sum(result.killed for result in results)
    looped = sum(result.outcome == LOOPED for result in results)
    share = killed / max(len(results), 1)
    return f"{killed:5} of {len(results):5} killed ({looped} by time)  {share:6.1%}  {name}"


def complaints(results: list[Result], excuses: dict[str, str], least: float = LEAST_SCORE) -> list[str]:
    """What is wrong: survivors without an excuse, excuses without a survivor, a score below `least` (a share of 1)."""
    survivors = {result.key for result in results if not result.killed}
    examined = {result.module for result in results}
    wrong = [f"survives: {key}" for key in sorted(survivors - set(excuses))]
    wrong += [
        f"excuses nothing: {key}"
        for key in excuses
        if key not in survivors and _is_judged(key.split(" | ")[0], examined)
    ]
    wrong += [f"without a reason: {key}" for key, reason in excuses.items() if not reason]
    score = sum(result.killed for result in results) / max(len(results), 1)
    return [*wrong, f"the score is {score:.1%}, not {least:.0%}"] if score < least else wrong


def _is_judged(module: str, examined: set[str]) -> bool:
    """An excuse of a module that is not run today may be right; one of a module that is gone is not."""
    return module in examined or not Path(module).exists()


def main() -> int:
    """Print a row for each module and what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES, help="paths or patterns of modules")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    patterns = arguments.modules or MODULES
    found = {one: [str(path) for path in Path().glob(one)] for one in patterns}
    if missing := [one for one, paths in found.items() if not paths]:
        parser.error(f"no such module: {', '.join(missing)}")
    modules = sorted({path for paths in found.values() for path in paths if not path.endswith("__init__.py")})
    results = examine(modules, list(TESTS), arguments.workers)
    print(_row("all", results))
    wrong = complaints(results, yaml.safe_load(EXCUSES.read_text()) or {})
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
