"""data/README.md says what is shipped, and it is true."""

from tools import data_table


def test_the_table_of_shipped_files_is_true():
    assert data_table.text() == data_table.README.read_text(encoding="utf-8"), "run python -m tools.data_table"


def test_every_shipped_pair_says_which_command_made_it():
    folders = {path.parent for path in data_table.shipped() if path.suffix == ".safetensors"}
    made = data_table.made_by()
    assert folders and all(f"`{folder.relative_to(data_table.ROOT / 'data').as_posix()}`" in made for folder in folders)
