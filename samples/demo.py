"""`make demo`: the samples through the whole pipeline on this machine, scans too where Tesseract is installed."""

import shutil
import subprocess
import sys

# The local stack's exit status when a document was not captured, as two of the samples must not be.
SOME_REFUSED = 1


def main() -> int:
    """Return 0 when the demo ran, and the exit status of the local stack otherwise."""
    has_tesseract = shutil.which("tesseract") is not None
    folders = ["samples/documents", *(["samples/scans"] if has_tesseract else [])]
    status = subprocess.run([sys.executable, "-m", "local_stack", "process", *folders], check=False).returncode
    if status not in (0, SOME_REFUSED):
        return status
    if not has_tesseract:
        print("The scanned sample was left out: Tesseract is not installed (Debian: apt-get install tesseract-ocr).")
    print("Two samples are refused on purpose: samples/README.md says why. Try your own: README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
