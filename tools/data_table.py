"""data/README.md's table: every shipped file with its size and checksum, written by this command and held by a test.

python -m tools.data_table          rewrites the table
python -m tools.data_table --check  says whether it is true, and changes nothing
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "data" / "README.md"
BEGIN, END = "<!-- table: python -m tools.data_table -->", "<!-- end of table -->"


def shipped() -> list[Path]:
    """The files below data/ that git keeps, or would keep: downloads are ignored."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "data"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return sorted(ROOT / name for name in names if (ROOT / name).is_file() and ROOT / name != README)


def table() -> str:
    rows = ["| file | bytes | sha256 |", "|---|--:|---|"]
    for path in shipped():
        content = path.read_bytes()
        name = path.relative_to(ROOT / "data").as_posix()
        rows.append(f"| `{name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |")
    return "\n".join(rows)


def made_by() -> str:
    """What made each folder, as its own config.json says."""
    rows = []
    for config in sorted((ROOT / "data").glob("*/*/config.json")):
        record = json.loads(config.read_text())
        if "command" in record:
            rows.append(f"- `{config.parent.relative_to(ROOT / 'data').as_posix()}`: `{record['command']}`")
    return "\n".join(rows)


def text() -> str:
    """The README with its generated part renewed."""
    old = README.read_text(encoding="utf-8")
    before, after = old.split(BEGIN)[0], old.split(END)[1]
    return f"{before}{BEGIN}\n\n{made_by()}\n\n{table()}\n\n{END}{after}"


def main() -> int:
    if "--check" in sys.argv:
        good = text() == README.read_text(encoding="utf-8")
        print("data/README.md is true" if good else "data/README.md is out of date: run python -m tools.data_table")
        return 0 if good else 1
    README.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
