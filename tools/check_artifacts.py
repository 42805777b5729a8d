"""Look into what ``sam build`` made, without running it: a machine of another architecture can do no more.

    python -m tools.check_artifacts .aws-sam/build [--architecture arm64]

Every function and layer is walked, archives in them too. A shared library is for the architecture that was asked for,
needs no newer glibc than Lambda's, and finds the libraries that it needs in its own artefact or among those of Lambda's
Amazon Linux 2023. A function with its layers, unpacked, is no larger than Lambda takes. Each layer has the text of the
licence of everything that its requirements name. Ends with status 1 when something is wrong, and says what.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from tools.built import NotBuilt, built_functions

MOST_BYTES = 250 * 1024**2
"""Of a function and its layers, unpacked: a quota of Lambda."""
GLIBC = (2, 34)
"""The version of Amazon Linux 2023, on which Lambda's Python runs."""
MACHINES: Mapping[str, str] = {"arm64": "EM_AARCH64", "x86_64": "EM_X86_64"}
# What glibc and GCC bring, and zlib, which every image of Amazon Linux 2023 has. Of others the runtime promises none.
_OF_THE_SYSTEM = re.compile(
    r"(libc|libm|libdl|librt|libpthread|libutil|libresolv|libgcc_s|libstdc\+\+|libz|ld-linux-aarch64|ld-linux-x86-64)\.so\.\d+"
)
_OTHER_SYSTEMS = {b"MZ": "Windows", b"\xcf\xfa\xed\xfe": "macOS", b"\xca\xfe\xba\xbe": "macOS"}
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)", re.MULTILINE)
_LAYERS = Path(__file__).resolve().parent.parent / "layers"


@dataclass(frozen=True)
class Library:
    """What a shared library says of itself; ``needs`` are names of other libraries, ``glibc`` the newest version."""

    machine: str
    needs: Sequence[str]
    glibc: tuple[int, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when something is wrong."""
    parser = argparse.ArgumentParser(description="Look into what sam build made.")
    parser.add_argument("build", type=Path, help="what sam build was given as --build-dir")
    parser.add_argument("--architecture", choices=MACHINES, default="arm64", help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        faults, libraries = check(options.build, options.architecture)
    except NotBuilt as exc:
        faults, libraries = [str(exc)], 0
    for fault in faults:
        print(fault)
    print(
        f"{libraries} shared libraries for {options.architecture}: {f'{len(faults)} faults' if faults else 'all well'}"
    )
    return 1 if faults else 0


def check(build: Path, architecture: str) -> tuple[list[str], int]:
    """What is wrong, and how many shared libraries were looked at. Raises NotBuilt."""
    functions = built_functions(build)
    layers = sorted({layer for function in functions for layer in function.layers})
    faults, libraries = [], 0
    for artefact in [*layers, *(function.folder for function in functions)]:
        with tempfile.TemporaryDirectory() as unpacked:
            files = [*_files(artefact), *_unpacked(artefact, Path(unpacked))]
            found = {file: library for file in files if (library := read_library(file)) is not None}
            libraries += len(found)
            faults += [
                f"{artefact.name}: {file.name} {fault}"
                for file, library in found.items()
                for fault in faults_of(library, architecture, {file.name for file in files})
            ]
            faults += [f"{artefact.name}: {file.name} is made for {system}" for file, system in _foreign(files)]
    for function in functions:
        size = sum(file.stat().st_size for folder in (function.folder, *function.layers) for file in _files(folder))
        if size > MOST_BYTES:
            faults.append(f"{function.step} has {size / 1024**2:.0f} MB with its layers, and Lambda takes 250 MB")
    faults += [f"{layer.name}: {fault}" for layer in layers for fault in _licence_faults(layer)]
    if not libraries:
        faults.append("There is no shared library, and the layers need some: nothing was looked at.")
    return faults, libraries


def read_library(file: Path) -> Library | None:
    """None for a file that is no shared library or program of Linux. A damaged one is for no machine."""
    with file.open("rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return None
        stream.seek(0)
        try:
            elf = ELFFile(stream)
            dynamic = [section for section in elf.iter_sections() if isinstance(section, DynamicSection)]
            tags = [tag for section in dynamic for tag in section.iter_tags("DT_NEEDED")]
            needs = [str(tag.needed) for tag in tags]  # type: ignore[attr-defined]  # these tags have it
            return Library(elf["e_machine"], needs, _newest_glibc(elf))
        except ELFError:
            return Library("none", [], ())


def _newest_glibc(elf: ELFFile) -> tuple[int, ...]:
    names = [
        version.name
        for section in elf.iter_sections()
        if isinstance(section, GNUVerNeedSection)
        for _library, versions in section.iter_versions()
        for version in versions
    ]
    numbers = [name.removeprefix("GLIBC_").split(".") for name in names if re.fullmatch(r"GLIBC_[\d.]+", name)]
    return max((tuple(map(int, parts)) for parts in numbers), default=())


def faults_of(library: Library, architecture: str, present: set[str]) -> Iterator[str]:
    """What keeps a library from being loaded; ``present`` are the names of the files beside it."""
    if library.machine != MACHINES[architecture]:
        yield f"is made for {library.machine}, not for {MACHINES[architecture]}"
    for name in library.needs:
        if name not in present and not _OF_THE_SYSTEM.fullmatch(name):
            yield f"needs {name}, which is neither there nor in Lambda's system"
    if library.glibc > GLIBC:
        yield f"needs glibc {'.'.join(map(str, library.glibc))}, and Lambda has {'.'.join(map(str, GLIBC))}"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _unpacked(artefact: Path, into: Path) -> list[Path]:
    """The files of the archives in an artefact, which Python imports from as well."""
    for number, archive in enumerate(path for path in _files(artefact) if zipfile.is_zipfile(path)):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(into / str(number))
    return _files(into)


def _foreign(files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Libraries and programs of other systems."""
    for file in files:
        if file.suffix in {".so", ".dll", ".pyd", ".dylib", ".exe", ""}:
            with file.open("rb") as stream:
                beginning = stream.read(4)
            for mark, system in _OTHER_SYSTEMS.items():
                if beginning.startswith(mark):
                    yield file, system


def _licence_faults(layer: Path) -> Iterator[str]:
    """``CaptureLayer`` is built from layers/capture."""
    requirements = _LAYERS / layer.name.removesuffix("Layer").lower() / "requirements.txt"
    kept = {folder.name.partition("-")[0] for folder in (layer / "licences").glob("*") if _files(folder)}
    for name in _REQUIREMENT.findall(requirements.read_text(encoding="utf-8")):
        if re.sub(r"[-.]+", "_", name).lower() not in {one.lower() for one in kept}:
            yield f"the text of the licence of {name} is missing"


if __name__ == "__main__":
    sys.exit(main())
