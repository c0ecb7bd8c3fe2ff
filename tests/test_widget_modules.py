"""What every front end needs of a widget's module: JupyterLab's, Colab's in its sandboxed frame, and the page's host.

Each of them evaluates one text and hands it a model; none serves a second file, and Colab's frame has neither the
page's data nor its folders.
"""

import inspect
import re

import pytest

from dcgan_lib import widgets

CLASSES = [thing for name in widgets.__all__ if inspect.isclass(thing := getattr(widgets, name))]
OFFERED = {"get", "set", "save_changes", "on", "off", "send"}
"""What anywidget's model offers in every front end, ipywidgets 7 included; `kernel` is the page's own host's."""


def code_of(widget: type) -> str:
    """The module without its comments."""
    return re.sub(r"/\*.*?\*/|(?<=\s)//[^\n]*|^//[^\n]*", "", str(widget._esm), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("widget", CLASSES)
def test_a_module_is_one_text_that_exports_render(widget):
    code = code_of(widget)
    assert len(re.findall(r"^export ", code, re.MULTILINE)) == 1
    assert re.search(r"^export default \{ render \};", code, re.MULTILINE)
    assert not re.search(r"^import\b|\bimport\(", code, re.MULTILINE)


@pytest.mark.parametrize("widget", CLASSES)
def test_a_module_asks_its_model_for_nothing_that_a_front_end_may_lack(widget):
    unquoted = re.sub(r'`[^`]*`|"[^"\n]*"', "", code_of(widget))  # the explorer writes Python for the reader
    asked = set(re.findall(r"\bmodel\.(\w+)", unquoted))
    assert asked - {"kernel"} <= OFFERED


@pytest.mark.parametrize("widget", CLASSES)
def test_a_module_names_no_other_host_and_no_identifier_of_the_page(widget):
    code = code_of(widget)
    assert [a for a in re.findall(r"https?://[^\"'`\s]+", code) if a != "http://www.w3.org/2000/svg"] == []
    assert not re.search(r"getElementById|\bid:\s", code)


@pytest.mark.parametrize("widget", CLASSES)
def test_the_folders_of_a_page_are_looked_for_only_where_there_is_no_kernel(widget):
    code = code_of(widget)
    if "content_root" in code:
        assert re.search(r"model\.kernel === false \? fromPage", code)
