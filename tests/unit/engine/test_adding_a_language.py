"""The example of docs/adding_a_language.md is a language file that works, and nothing but a file is needed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import invoice_engine
from tests.unit.engine import documents

GUIDE = Path(__file__).parents[3] / "docs" / "adding_a_language.md"
INVOICE = [
    (60, 50, "Olematon Esimerkki Oy"),
    (60, 120, "Asiakas"),
    (60, 136, "Kuvitteellinen Kahvila Ky"),
    (60, 220, "Lasku"),
    (330, 120, "Laskun numero"), (450, 120, "26-0147"),
    (330, 136, "Laskun päivämäärä"), (450, 136, "3. helmikuuta 2026"),
    (330, 152, "Eräpäivä"), (450, 152, "5.3.2026"),
    (60, 280, "Kuvaus"), (240, 280, "Määrä"), (330, 280, "Yksikköhinta"), (470, 280, "Summa"),
    (60, 300, "Hyllynkannatin"), (240, 300, "4"), (330, 300, "250,00"), (470, 300, "1 000,00"),
    (330, 400, "Veroton hinta yhteensä"), (470, 400, "1 000,00 €"),
    (330, 416, "ALV 25,5 %"), (470, 416, "255,00 €"),
    (330, 432, "Laskun loppusumma"), (470, 432, "1 255,00 €"),
]  # fmt: skip
READ = """
import json
from invoice_engine import extract
print(json.dumps(extract(sys.stdin.buffer.read()).to_json()["invoice"]))
"""


def test_the_file_of_the_guide_makes_the_engine_read_an_invoice(tmp_path: Path) -> None:
    document = documents.pdf(INVOICE)
    before = read_with(copy_of_the_engine(tmp_path / "before"), document)
    assert before["due_date"]["value"] is None
    engine = copy_of_the_engine(tmp_path / "after")
    [example] = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (engine / "invoice_engine" / "lexicon" / "fi.json").write_text(example, encoding="utf-8")
    invoice = read_with(engine, document)
    header = ("invoice_number", "issue_date", "due_date", "subtotal", "tax_total", "total", "currency")
    assert [invoice[name]["value"] for name in header] == [
        "26-0147", "2026-02-03", "2026-03-05", "1000.00", "255.00", "1255.00", "EUR",
    ]  # fmt: skip
    assert invoice["supplier"]["name"]["value"] == "Olematon Esimerkki Oy"
    [line] = invoice["lines"]
    assert [line[name]["value"] for name in ("description", "quantity", "unit_price")] == [
        "Hyllynkannatin",
        "4",
        "250.00",
    ]


def copy_of_the_engine(folder: Path) -> Path:
    shutil.copytree(Path(invoice_engine.__file__).parent, folder / "invoice_engine")
    return folder


def read_with(engine: Path, document: bytes) -> dict:
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(engine)!r})\n{READ}"],
        input=document, capture_output=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)
