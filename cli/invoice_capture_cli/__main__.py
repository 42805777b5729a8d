"""``python -m invoice_capture_cli`` is ``invoice-capture``."""

from invoice_capture_cli.main import run

if __name__ == "__main__":
    run()
