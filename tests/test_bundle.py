"""One text from several modules."""

import pytest

from dcgan_lib.widgets.bundle import bundle


@pytest.fixture
def write(tmp_path):
    def write(**modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.mjs").write_text(text)
        return tmp_path / f"{next(iter(modules))}.mjs"

    return write


def test_what_is_imported_stands_before_and_once(write):
    path = write(
        main='import { b } from "./b.mjs";\nimport { c } from "./c.mjs";\nexport default { b, c };\n',
        b='import { c } from "./c.mjs";\nexport const b = c + 1;\n',
        c="export function c() {}\n",
    )
    text = bundle(path)
    assert [line for line in text.splitlines() if not line.startswith("//") and line] == [
        "function c() {}",
        "const b = c + 1;",
        "export default { b, c };",
    ]


def test_two_modules_that_declare_a_name_are_refused(write):
    path = write(main='import { a } from "./a.mjs";\nconst helper = 1;\n', a="const helper = 2;\nexport const a = 1;\n")
    with pytest.raises(ValueError, match=r"main\.mjs and a\.mjs both declare helper"):
        bundle(path)


@pytest.mark.parametrize("line", ['import a from "./a.mjs";', 'import * as a from "https://elsewhere/a.mjs";'])
def test_imports_that_cannot_be_written_in_are_refused(write, line):
    with pytest.raises(ValueError, match=r"main\.mjs: only imports of the form"):
        bundle(write(main=line + "\n", a="export default 1;\n"))


def test_a_renamed_import_is_refused(write):
    with pytest.raises(ValueError, match=r"renames an import of a\.mjs"):
        bundle(write(main='import { a as b } from "./a.mjs";\n', a="export const a = 1;\n"))
