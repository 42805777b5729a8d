"""What holds for every file: it works on any machine, and people can read it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tools.stage import PROJECT

# Places of one machine, and where packages come from there, belong to that machine's own configuration.
MACHINE = re.compile(
    r"""
    (?<![\w.$}~-])/(?:home|Users|root|mnt|srv|work|workspace|builds)/\w
    | https?://[^/\s"']*(?:artifactory|nexus|registry|pypi|devpi|npmjs)[^/\s"']*
    | --(?:extra-)?index-url | --find-links | --trusted-host | (?:PIP|UV)_[A-Z_]*INDEX
    """,
    re.VERBOSE,
)
MARKS = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b|Magic[M]ock")


def _files() -> list[Path]:
    """Everything that is, or would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    )
    return sorted({PROJECT / name for name in listed.stdout.split("\0") if name})


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in _files():
        content = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in content:
            texts.append((path, content.decode("utf-8", "replace")))
    return texts


@pytest.fixture(scope="module")
def texts() -> list[tuple[Path, str]]:
    return [(path, text) for path, text in _texts() if path.suffix not in {".pdf"} and path != Path(__file__)]


def test_nothing_names_one_machine_or_where_its_packages_come_from(texts):
    assert len(texts) > 100
    found = [f"{path.relative_to(PROJECT)}: {match[0]}" for path, text in texts for match in MACHINE.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["see /home/anna/notes", "url = https://pypi.example.org/simple", "pip install --index-url x", "=/home/x"]
)
def test_the_rule_sees_what_it_is_for(text):
    assert MACHINE.search(text)


@pytest.mark.parametrize("text", ["https://example.org/home/x", "s3://bucket/work/x", "/opt/python", "${HOME}/work/x"])
def test_the_rule_leaves_the_rest_alone(text):
    assert MACHINE.search(text) is None


def test_files_of_code_stay_below_400_lines(texts):
    long = {path.name: len(text.splitlines()) for path, text in texts if path.suffix == ".py"}
    assert {name: lines for name, lines in long.items() if lines >= 400} == {}


def test_no_reminders_and_no_mocks_that_agree_with_everything(texts):
    code = {".py", ".yaml", ".toml", ".sh", ".mk", ""}
    found = [
        f"{path.relative_to(PROJECT)}: {match[0]}"
        for path, text in texts
        if path.suffix in code
        for match in MARKS.finditer(text)
    ]
    assert found == []


def test_every_module_says_what_it_is_for(texts):
    silent = [
        str(path.relative_to(PROJECT))
        for path, text in texts
        if path.suffix == ".py"
        and text.strip()
        and PROJECT / "tests" not in path.parents
        and ast.get_docstring(ast.parse(text)) is None
    ]
    assert silent == []


def _view_of_a_dict_as_default(text: str) -> list[str]:
    """Names of fields whose default is a mappingproxy, which Python before 3.12 takes for mutable."""
    return [
        ast.unparse(field.target)
        for cls in ast.walk(ast.parse(text))
        if isinstance(cls, ast.ClassDef) and any("dataclass" in ast.unparse(mark) for mark in cls.decorator_list)
        for field in cls.body
        if isinstance(field, ast.AnnAssign) and field.value and "MappingProxyType(" in ast.unparse(field.value)
    ]


def test_no_default_of_a_field_fails_on_the_oldest_python(texts):
    found = {
        str(path.relative_to(PROJECT)): names
        for path, text in texts
        if path.suffix == ".py" and (names := _view_of_a_dict_as_default(text))
    }
    assert found == {}


def test_the_rule_sees_a_default_that_is_a_view_of_a_dict():
    text = "@dataclass(frozen=True)\nclass Request:\n    parts: Mapping[str, str] = MappingProxyType({})"
    assert _view_of_a_dict_as_default(text) == ["parts"]


def test_the_licence_is_apache_2():
    text = (PROJECT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in (PROJECT / "pyproject.toml").read_text()
