"""The house around the book: one address, outputs that are never stale, a Python that is refused politely."""

import json
import re
import shutil
import tomllib

import pytest
import yaml

from dcgan_lib import environment
from tools import fingerprint, set_repository
from tools.fingerprint import ROOT


def test_every_repetition_of_the_address_agrees():
    address = set_repository.repository()
    owner_name = set_repository.slug(address)
    for path in set_repository.files():
        text = path.read_text(encoding="utf-8")
        linked = re.findall(r"https://github\.com/([\w.-]+/dcgan-book[\w-]*)", text)
        linked += re.findall(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/", text)
        assert set(linked) <= {owner_name}, path
    assert yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"] == address


@pytest.fixture
def copy(tmp_path):
    """The files that repeat the address, somewhere else."""
    for path in set_repository.files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(path, target)
    return tmp_path


def test_one_command_changes_the_address_everywhere(copy):
    old = set_repository.slug(set_repository.repository(copy))
    set_repository.set_repository("https://github.com/someone/her-book.git", copy)
    assert set_repository.repository(copy) == "https://github.com/someone/her-book"
    for path in set_repository.files(copy):
        assert old not in path.read_text(encoding="utf-8"), path
    config = yaml.safe_load((copy / "_config.yml").read_text())
    assert config["repository"]["url"] == "https://github.com/someone/her-book"


def test_changing_the_address_twice_and_back_changes_nothing(copy):
    before = {path: path.read_text(encoding="utf-8") for path in set_repository.files(copy)}
    first = set_repository.repository(copy)
    for address in ("https://github.com/a/dcgan-book-two", first):
        set_repository.set_repository(address, copy)
    assert {path: path.read_text(encoding="utf-8") for path in before} == before


@pytest.mark.parametrize("address", ["github.com/a/b", "https://github.com/a", "https://example.com/a/b", ""])
def test_what_is_no_address_is_refused(copy, address):
    with pytest.raises(ValueError, match=r"https://github\.com/owner/name"):
        set_repository.set_repository(address, copy)


def test_the_fingerprint_knows_the_library_and_its_data(tmp_path):
    (tmp_path / "dcgan_lib" / "deep").mkdir(parents=True)
    source = tmp_path / "dcgan_lib" / "deep" / "module.mjs"
    seen = set()
    for text in ("one", "two"):
        source.write_text(text)
        seen.add(fingerprint.fingerprint(fingerprint.EXECUTED_FROM, tmp_path))
    source.rename(source.with_name("other.mjs"))
    seen.add(fingerprint.fingerprint(fingerprint.EXECUTED_FROM, tmp_path))
    assert len(seen) == 3


def test_outputs_of_another_library_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprint, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(fingerprint, "STAMP", tmp_path / "cache" / "fingerprint")
    assert fingerprint.forget_stale_outputs()
    (tmp_path / "cache" / "outputs").write_text("old")
    assert not fingerprint.forget_stale_outputs()
    monkeypatch.setattr(fingerprint, "fingerprint", lambda patterns: "another")
    assert fingerprint.forget_stale_outputs()
    assert not (tmp_path / "cache" / "outputs").exists()


def test_the_package_asks_for_no_more_than_requirements_txt_gives():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", text)[0] for text in project["dependencies"]}
    given = set(re.findall(r"^[\w-]+", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert needed <= given


def test_every_chapter_of_the_contents_exists():
    contents = json.dumps(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    files = re.findall(r'"(book/[^"]+)"', contents)
    assert len(files) >= 8
    assert [name for name in files if not any((ROOT / f"{name}.{end}").exists() for end in ("md", "ipynb"))] == []


def test_report_names_versions_device_and_minutes(capsys):
    environment.report(cpu_minutes=3, gpu_minutes=1)
    printed = capsys.readouterr().out
    assert "torch" in printed
    assert "minute" in printed


def test_report_shows_the_way_to_a_gpu_in_colab(capsys, monkeypatch):
    monkeypatch.setattr(environment, "in_colab", lambda: True)
    monkeypatch.setattr(environment, "device", lambda: environment.torch.device("cpu"))
    environment.report(cpu_minutes=3, gpu_minutes=1)
    assert "Runtime > Change runtime type" in capsys.readouterr().out
