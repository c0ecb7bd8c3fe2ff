"""A widget's ES module with what it imports written into it: a front end is handed one text, not a folder."""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.mjs)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|let|function|async function|class)", re.MULTILINE)


def bundle(path: Path) -> str:
    """The text of a module, before it that of every `./module.mjs` which it imports, each once, in order of need.

    The modules share one scope then, so no two of them may declare the same name, nor an import rename it.

    Raises:
        ValueError: two modules declare a name, or an import is of another form than `import { a, b } from "./c.mjs";`.
    """
    parts: dict[Path, str] = {}
    _collect(path, parts)
    owners: dict[str, Path] = {}
    for part, text in parts.items():
        for name in re.findall(r"^(?:const|let|function|async function|class) (\w+)", text, re.MULTILINE):
            if owners.setdefault(name, part) != part:
                raise ValueError(f"{part.name} and {owners[name].name} both declare {name}: rename one of them")
    return "\n".join(f"// --- {part.name}\n{text}" for part, text in parts.items())


def _collect(path: Path, parts: dict[Path, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for names, imported in IMPORT.findall(text):
        if " as " in names:
            raise ValueError(f"{path.name} renames an import of {imported}: import it under its own name")
        if path.with_name(imported) not in parts:
            _collect(path.with_name(imported), parts)
    text = IMPORT.sub("", text)
    if re.search(r"^import\b", text, re.MULTILINE):
        raise ValueError(
            f'{path.name}: only imports of the form  import {{ a, b }} from "./module.mjs";  are written in'
        )
    parts[path] = EXPORT.sub("", text)
