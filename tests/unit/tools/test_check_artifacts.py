"""What is built is looked into: its shared libraries, its size, its licences."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pydantic_core
import pytest

from tools import check_artifacts
from tools.built import RUNTIME
from tools.check_artifacts import Library, faults_of, main, read_library

pytestmark = pytest.mark.skipif(sys.version_info[:2] != RUNTIME, reason="the functions are built for one Python")

TEMPLATE = """
Globals: {Function: {Layers: [{Ref: EngineLayer}]}}
Resources:
  ExtractDocumentFunction: {Type: AWS::Serverless::Function, Properties: {}}
"""
X86_64, AARCH64 = 62, 183
LICENCES = ("lxml-6", "pillow-13", "pypdfium2-5", "python_stdnum-2", "rapidfuzz-3")

Build = Callable[..., Path]


def elf(machine: int) -> bytes:
    """The header of a shared library that has nothing in it."""
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, machine, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build(**files: bytes) -> Path:
        (tmp_path / "template.yaml").write_text(TEMPLATE)
        (tmp_path / "ExtractDocumentFunction").mkdir()
        contents = {f"python/{name.replace('_', '.')}": content for name, content in files.items()}
        contents |= {f"licences/{name}.dist-info/licenses/LICENSE": b"You may." for name in LICENCES}
        for name, content in contents.items():
            path = tmp_path / "EngineLayer" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path

    return build


def test_libraries_for_the_architecture_that_was_asked_for_are_well(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(build(one_so=elf(AARCH64), two_py=b"x"))]) == 0
    assert capsys.readouterr().out == "1 shared libraries for arm64: all well\n"


def test_a_library_for_another_architecture_is_told(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    built = build(one_so=elf(AARCH64), two_so=elf(X86_64))
    assert main([str(built)]) == 1
    assert "EngineLayer: two.so is made for EM_X86_64, not for EM_AARCH64\n" in capsys.readouterr().out
    assert main([str(built), "--architecture", "x86_64"]) == 1
    assert "EngineLayer: one.so is made for EM_AARCH64, not for EM_X86_64\n" in capsys.readouterr().out


def test_archives_are_looked_into(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("deep/hidden.so", elf(X86_64))
    assert main([str(build(one_so=elf(AARCH64), more_zip=archive.getvalue()))]) == 1
    assert "hidden.so is made for EM_X86_64" in capsys.readouterr().out


@pytest.mark.parametrize(("beginning", "system"), [(b"MZ\x90\x00", "Windows"), (b"\xcf\xfa\xed\xfe", "macOS")])
def test_what_is_made_for_another_system_is_told(
    build: Build, capsys: pytest.CaptureFixture[str], beginning: bytes, system: str
) -> None:
    assert main([str(build(one_so=elf(AARCH64), other_so=beginning))]) == 1
    assert f"other.so is made for {system}\n" in capsys.readouterr().out


def test_a_damaged_library_is_for_no_machine(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(build(one_so=b"\x7fELF and no more"))]) == 1
    assert "one.so is made for none" in capsys.readouterr().out


def test_nothing_built_and_nothing_to_look_at_are_faults(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 1
    assert "Nothing is built in" in capsys.readouterr().out
    assert main([str(build(two_py=b"x"))]) == 1
    assert "nothing was looked at" in capsys.readouterr().out


def test_a_licence_that_is_not_handed_on_is_told(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    built = build(one_so=elf(AARCH64))
    (built / "EngineLayer/licences/python_stdnum-2.dist-info/licenses/LICENSE").unlink()
    assert main([str(built)]) == 1
    assert "EngineLayer: the text of the licence of python-stdnum is missing\n" in capsys.readouterr().out


def test_what_is_too_large_for_lambda_is_told(
    build: Build, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_artifacts, "MOST_BYTES", 10)
    assert main([str(build(one_so=elf(AARCH64)))]) == 1
    assert "extract_document has 0 MB with its layers, and Lambda takes 250 MB" in capsys.readouterr().out


def test_libraries_are_found_beside_or_in_the_system() -> None:
    library = Library("EM_AARCH64", ["libc.so.6", "libbeside.so.1", "libz.so.1", "libfreetype.so.6"], (2, 34))
    assert list(faults_of(library, "arm64", {"libbeside.so.1"})) == [
        "needs libfreetype.so.6, which is neither there nor in Lambda's system"
    ]


def test_a_newer_glibc_than_lambdas_is_told() -> None:
    assert list(faults_of(Library("EM_AARCH64", [], (2, 38)), "arm64", set())) == [
        "needs glibc 2.38, and Lambda has 2.34"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other libraries")
def test_a_real_library_says_what_it_needs() -> None:
    [file] = Path(pydantic_core.__file__).parent.glob("*.so")
    library = read_library(file)
    assert library is not None
    assert library.machine in {"EM_X86_64", "EM_AARCH64"}
    assert "libc.so.6" in library.needs
    assert (2, 2) < library.glibc <= (2, 34)
