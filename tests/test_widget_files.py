"""What a widget's page need not carry becomes files; what is left names them."""

import base64
import hashlib
import json
from types import SimpleNamespace

from sphinx.builders.html._assets import _JavaScript

from tools.widget_files import FOLDER, STATE, move_out, move_page

PICTURE = b"RIFF, as it were"
SLIDER = {
    "model_module": "anywidget",
    "model_name": "AnyModel",
    "state": {"_esm": "export default {}", "_css": "", "mime": "image/webp", "frames": [None, None], "step": 3},
    "buffers": [
        {"path": ["frames", i], "encoding": "base64", "data": base64.b64encode(PICTURE + bytes([i])).decode()}
        for i in range(2)
    ],
}


def drawn(tmp_path, entry):
    return move_out({"one": entry}, tmp_path)["one"]


def test_pictures_and_the_module_become_files_named_by_their_content(tmp_path):
    files = drawn(tmp_path, SLIDER)["files"]
    assert [file["path"] for file in files] == [["_esm"], ["frames", 0], ["frames", 1]]
    for file, content in zip(files, (b"export default {}", PICTURE + b"\0", PICTURE + b"\1")):
        assert (tmp_path / file["name"]).read_bytes() == content
        assert file["name"].startswith(hashlib.sha256(content).hexdigest()[:20])
    assert [file["name"].split(".")[1] for file in files] == ["mjs", "webp", "webp"]


def test_the_rest_of_the_state_stays_and_the_given_one_is_left_alone(tmp_path):
    before = json.dumps(SLIDER)
    left = drawn(tmp_path, SLIDER)
    assert left["state"] == {"_esm": None, "_css": "", "mime": "image/webp", "frames": [None, None], "step": 3}
    assert left["buffers"] == []
    assert json.dumps(SLIDER) == before


def test_two_widgets_of_a_kind_share_their_module(tmp_path):
    left = move_out({"one": SLIDER, "two": SLIDER}, tmp_path)
    assert left["one"]["files"] == left["two"]["files"]
    assert len(list(tmp_path.iterdir())) == 3


def test_what_an_interact_cell_drew_becomes_a_file(tmp_path):
    output = {"data": {"image/png": base64.b64encode(PICTURE).decode()}, "output_type": "display_data"}
    left = drawn(tmp_path, {"model_module": "x", "model_name": "OutputModel", "state": {"outputs": [output]}})
    assert left["state"]["outputs"][0]["data"] == {"image/png": None}
    assert (tmp_path / left["files"][0]["name"]).read_bytes() == PICTURE


def test_the_layout_that_nobody_reads_is_left_out(tmp_path):
    layout = {"model_module": "@jupyter-widgets/base", "model_name": "LayoutModel", "state": {"width": None}}
    assert list(move_out({"one": SLIDER, "two": layout}, tmp_path)) == ["one"]


def test_a_page_is_written_without_them_and_other_scripts_stay(tmp_path):
    text = json.dumps({"version_major": 2, "state": {"one": SLIDER, "</script>": SLIDER}})
    other = _JavaScript("theme.js")
    context = {"script_files": [other, _JavaScript(None, type=STATE, body=text)]}
    move_page(SimpleNamespace(outdir=tmp_path), "book/one", "page.html", context, None)
    body = context["script_files"][1].attributes["body"]
    assert context["script_files"][0] is other
    assert "</script>" not in body
    assert json.loads(body)["state"]["one"]["files"] == drawn(tmp_path / FOLDER, SLIDER)["files"]
