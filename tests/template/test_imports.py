"""Imports point inward, and importing does nothing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stage import PROJECT

CAPTURE = PROJECT / "layers" / "capture" / "invoice_capture"
ENGINE = PROJECT / "layers" / "engine" / "invoice_engine"
MODULES = sorted([*CAPTURE.rglob("*.py"), *ENGINE.rglob("*.py")])

# What each part may import besides the standard library; a part is the longest prefix that fits.
ALLOWED = {
    "domain": {"invoice_capture.domain", "pydantic", "stdnum"},
    "ports": {"invoice_capture.domain", "invoice_capture.ports"},
    "use_cases/shared": {"invoice_capture.domain", "invoice_capture.ports", "invoice_capture.use_cases.shared"},
    "use_cases/polling": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.use_cases.polling",
        "invoice_capture.use_cases.shared",
    },
    "use_cases/client": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.use_cases.client",
        "invoice_capture.use_cases.shared",
    },
    "use_cases/steps": {"invoice_capture.domain", "invoice_capture.ports", "invoice_capture.use_cases"},
    "providers": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.providers",
        "invoice_capture.retry_after",
        "invoice_capture.version",
        "pydantic",
        "requests",
        "urllib3",
    },
    "providers/embedded": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.providers",
        "invoice_engine",
        "pydantic",
    },
    "api": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.use_cases",
        "invoice_capture.api",
        "invoice_capture.observability",
        "aws_lambda_powertools",
        "multipart",
        "pydantic",
        "typing_extensions",
    },
    "links": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.links",
        "invoice_capture.retry_after",
        "invoice_capture.version",
        "certifi",
    },
    "aws": {
        "invoice_capture.domain",
        "invoice_capture.ports",
        "invoice_capture.aws",
        "aws_lambda_powertools",
        "boto3",
        "botocore",
        "mypy_boto3",
    },
}
ENGINE_ALLOWED = {"PIL", "boto3", "botocore", "invoice_engine", "lxml", "pypdfium2", "rapidfuzz", "stdnum"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield node.module or ""


def _is_allowed(module: str, allowed: set[str]) -> bool:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    # Type stubs have the service in their name: mypy_boto3_s3.
    return any(module == name or module.startswith((f"{name}.", f"{name}_")) for name in allowed)


def _allowed(path: Path) -> set[str] | None:
    relative = path.relative_to(CAPTURE).with_suffix("").as_posix()
    parts = [part for part in ALLOWED if relative == part or relative.startswith(f"{part}/")]
    return ALLOWED[max(parts, key=len)] if parts else None


@pytest.mark.parametrize("path", [path for path in CAPTURE.rglob("*.py") if _allowed(path)], ids=lambda path: path.stem)
def test_imports_point_inward(path):
    allowed = _allowed(path)
    assert allowed is not None
    outward = [module for module in _imports(path) if not _is_allowed(module, allowed)]
    assert outward == []


@pytest.mark.parametrize("path", sorted(ENGINE.rglob("*.py")), ids=lambda path: path.stem)
def test_the_engine_is_a_library_of_its_own(path):
    outward = [module for module in _imports(path) if not _is_allowed(module, ENGINE_ALLOWED)]
    assert outward == []


@pytest.mark.parametrize("folder", sorted((PROJECT / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_a_handler_only_knows_the_capture_layer(folder):
    outward = [module for module in _imports(folder) if not _is_allowed(module, {"invoice_capture"})]
    assert outward == []


def _happens_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one that run when the module is imported: not the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*child.decorator_list, *child.args.defaults, *child.args.kw_defaults):
                if part is not None:
                    yield part
                    yield from _happens_at_import(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from _happens_at_import(child)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_is_read_at_import(path):
    forbidden = {"environ", "getenv", "client", "resource", "read_text", "read_bytes", "urlopen"}
    for node in _happens_at_import(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue  # a field of this name
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        assert name not in forbidden | {"open", "print"}, f"{path.name}:{getattr(node, 'lineno', 0)}"


def test_only_the_composition_root_knows_the_environment():
    readers = [
        path.name for path in MODULES if {"os.environ", "os.getenv"} & {ast.unparse(node) for node in _attributes(path)}
    ]
    # The engine hands a few variables on to its child, and none of the others.
    assert readers == ["adapters.py", "application.py", "isolated.py"]


def _attributes(path: Path) -> Iterator[ast.Attribute]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node


@pytest.mark.parametrize("step", sorted(path.parent.name for path in (PROJECT / "functions").glob("*/app.py")))
def test_a_handler_imports_nothing_heavy(step):
    """What takes long is loaded by the use case that needs it, when it needs it."""
    program = "import sys, app; print(*{name.partition('.')[0] for name in sys.modules})"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT / "functions" / step,
        capture_output=True,
        check=True,
        text=True,
    )
    heavy = {
        "boto3",
        "botocore",
        "requests",
        "pydantic",
        "invoice_engine",
        "lxml",
        "pypdfium2",
        "aws_xray_sdk",
        "stdnum",
    }
    assert heavy & set(finished.stdout.split()) == set()
