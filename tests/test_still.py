"""What stands for a widget where scripts are off: from its class, through the notebook, into the page."""

import base64
import io

import nbformat
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image
from sphinx.application import Sphinx

from dcgan_lib import widgets
from dcgan_lib.widgets import LatentExplorer, LossDecoder, LossExplorer, frame_slider
from dcgan_lib.widgets.still import png


def bars(n: int = 4, **options):
    """Two axes, and a picture of its own for each point."""
    options = {"start": {"a": 2, "b": "y"}} | options
    return frame_slider(
        lambda a, b: torch.full((3, n, n), a / 4 - (b == "y")), {"a": [0, 1, 2], "b": ["x", "y"]}, alt="bars", **options
    )


def picture(bundle: dict) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("RGB")


def test_a_slider_stands_still_where_it_is():
    slider = bars()
    data, _ = slider._repr_mimebundle_()
    assert data["text/markdown"] == "bars (a: 2, b: y)"
    assert picture(data).getpixel((0, 0)) == (64, 64, 64)  # 2/4 - 1 in [-1, 1]
    assert picture(data).size == tuple(slider.size)  # small images are enlarged as the page does it
    slider.values = {"a": 1, "b": "x"}
    assert slider.said == "bars (a: 1, b: x)"
    assert slider.still().getpixel((0, 0)) == (159, 159, 159)


def test_between_two_frames_the_nearest_stands():
    slider = bars(live=True)
    slider.values = {"a": 0.7, "b": "x"}
    assert slider.said == "bars (a: 1, b: x)"


def test_a_figure_keeps_its_width_on_the_page():
    import matplotlib.pyplot as plt

    slider = frame_slider(lambda a: plt.figure(figsize=(5, 2)), {"a": [0, 1]}, alt="nothing", dpi=144)
    data, metadata = slider._repr_mimebundle_()
    assert picture(data).width == 720
    assert metadata["image/png"] == {"width": 480}


def test_the_explorer_shows_its_sheet_and_one_image():
    explorer = LatentExplorer()
    sheet = Image.open(io.BytesIO(explorer.poster)).convert("RGB").crop((0, 0, 320, 320))
    assert explorer.still().crop((0, 0, 320, 320)).tobytes() == sheet.tobytes()
    assert "25 faces" in explorer.said


def test_the_other_widgets_say_where_they_stand():
    assert "at -3, where D = 0.0474, saturating costs -0.04859" in LossExplorer(loss="saturating").said
    assert "`0.3517 3.2` reads: " in LossDecoder("0.3517 3.2").said
    assert LossExplorer(loss="hinge").still().width > 600


MADE = {"FrameSlider": bars}


@pytest.mark.parametrize("name", [name for name in widgets.__all__ if name[0].isupper()])
def test_every_widget_has_a_sentence_and_a_light_picture_if_any(name):
    data, _ = MADE.get(name, getattr(widgets, name))()._repr_mimebundle_()
    assert len(data["text/markdown"]) > 15
    if "image/png" in data:
        assert picture(data).width > 200
        assert len(data["image/png"]) < 300_000


def test_a_widget_that_is_closed_shows_nothing():
    slider = bars()
    slider.close()
    assert not slider._repr_mimebundle_


def test_few_colours_weigh_little():
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    assert len(png(noise)) < 200 * 200 * 1.1


# --- in the page


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with a slider, a stock widget and a table."""
    folder = tmp_path_factory.mktemp("book")
    view = {"version_major": 2, "version_minor": 0, "model_id": "stock"}
    kind = "application/vnd.jupyter.widget-view+json"
    outputs = [bars()._repr_mimebundle_()[0], {"text/plain": "x", kind: view}, {"text/plain": "7"}]
    cells = [
        nbformat.v4.new_code_cell(f"cell {i}", outputs=[nbformat.v4.new_output("display_data", data)])
        for i, data in enumerate(outputs)
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), *cells])
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}
    nbformat.write(notebook, folder / "n.ipynb")
    (folder / "conf.py").write_text(
        "from tools.noscript import StandIns\n"
        "extensions, root_doc, nb_execution_mode = ['myst_nb'], 'n', 'off'\n"
        "def setup(app): app.add_post_transform(StandIns)\n"
    )
    said = io.StringIO()
    Sphinx(folder, folder, folder / "html", folder / "doctrees", "html", status=None, warning=said).build()
    assert said.getvalue() == ""
    return folder / "html" / "n.html"


def test_behind_a_widgets_view_stands_its_picture(page):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    one, stock = soup.find_all("noscript")
    assert one.find_previous_sibling("script")["type"].endswith("widget-view+json")
    image = one.find("img")
    assert image["alt"] == "bars (a: 2, b: y)"
    assert Image.open(page.parent / image["src"]).convert("RGB").getpixel((0, 0)) == (64, 64, 64)
    assert "Scripts are off" in one.get_text()
    assert "needs a running kernel" in stock.get_text() and not stock.find("img")


def test_the_other_forms_of_the_output_are_still_left_out(page):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    for noscript in soup.find_all("noscript"):
        noscript.decompose()
    assert "bars (a: 2" not in soup.get_text()
    assert soup.find_all("img") == []
