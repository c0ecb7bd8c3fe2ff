"""What a page's widgets weigh is counted as the page fetches it: each file once, and by what it is for."""

import base64
import json

import pytest

from tools import page_weight
from tools.widget_files import STATE, move_out

VIEW = page_weight.VIEW


def entry(buffers=(), **state):
    data = [{"path": path, "data": base64.b64encode(content).decode()} for path, content in buffers]
    return {"model_name": "AnyModel", "model_module": "anywidget", "state": state, "buffers": data}


@pytest.fixture
def site(tmp_path):
    """A page with a slider twice and an explorer, and one with text only."""
    slider = {"_esm": "e" * 1000, "_css": "c" * 200, "frames": [None, None], "mime": "image/webp"}
    frames = [(["frames", 0], b"f" * 50), (["frames", 1], b"g" * 60)]
    states = {
        "one": entry(frames, **slider),
        "two": entry([(["frames", 0], b"h" * 70)], **slider),
        "three": entry([(["poster"], b"p" * 300)], _esm="x" * 4000, _css="c" * 200, poster=None),
    }
    moved = json.dumps({"state": move_out(states, tmp_path / "_widgets")})
    views = "".join(f'<script type="{VIEW}">{{"model_id": "{name}"}}</script>' for name in states)
    still = '<noscript><img src="../_images/still.png"></noscript>'
    house = '<link href="../_static/book.css?v=1" rel="stylesheet"><script src="../_static/afm-host.mjs?v=2"></script>'
    files = {
        "book/alive.html": f'{house}{views}{still}<script type="{STATE}">{moved}</script>',
        "book/text.html": '<link href="../_static/book.css?v=1" rel="stylesheet"><p>Text.</p>',
        "index.html": "",
        "_static/book.css": "b" * 30,
        "_static/afm-host.mjs": "h" * 500,
        "_static/vendor/models/faces.json": "{}",
        "_static/vendor/models/faces.bin": "w" * 900,
        "_images/still.png": "s" * 80,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_each_file_counts_once_and_where_it_belongs(site):
    found = page_weight.weigh(site / "book" / "alive.html", site)
    assert (found["code"], found["styles"]) == (1000 + 4000 + 500, 200 + 30)
    assert (found["posters"], found["pictures"], found["stand-ins"]) == (300, 50 + 60 + 70, 80)
    assert found["at first"] == found["state"] + found["code"] + found["styles"] + found["posters"]
    assert found["widgets"] == 3 and 0 < found["state"] < found["html"]


def test_a_page_of_text_carries_nothing(site):
    found = page_weight.weigh(site / "book" / "text.html", site)
    assert {found[name] for name in page_weight.COLUMNS} == {0}


def test_what_comes_in_view_has_its_json_with_it(site):
    assert page_weight.fetched_in_view(site) == {"models/faces": 902}


def test_the_table_names_every_page_and_ends_well(site, capsys):
    page_weight.main(site)
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]} == {"alive", "text"}


def test_a_page_or_a_model_that_is_too_heavy_is_an_error(site, capsys, monkeypatch):
    monkeypatch.setattr(page_weight, "LIMIT", 3000)
    monkeypatch.setattr(page_weight, "MODEL_LIMIT", 901)
    with pytest.raises(SystemExit, match="too heavy: alive, models/faces"):
        page_weight.main(site)
    assert "over 3" in capsys.readouterr().out


def test_without_a_site_the_command_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="make book"):
        page_weight.main(tmp_path)
