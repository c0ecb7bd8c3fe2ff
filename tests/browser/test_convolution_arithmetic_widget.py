"""ConvolutionArithmetic in the page: its numbers are the library's, and every view answers to pointer and keys."""

import itertools
import re

import pytest

from dcgan_lib.convolution import is_even
from dcgan_lib.widgets import ConvolutionArithmetic
from dcgan_lib.widgets.convolution import TABLE_BOUNDS, TABLES, mends, walk
from tests.browser.live import live
from tests.browser.modules import modules
from tests.browser.shown import grave, shown

MATH = "convolution-math.mjs"
NAMES = ("kind", "size", "kernel", "stride", "padding", "output_padding")
SETTINGS = [
    dict(zip(NAMES, values))
    for values in itertools.product(("strided", "transposed"), (1, 4, 7), (1, 2, 4, 5, 8), (1, 2, 3), (0, 1, 3), (0, 1))
]
COMPUTE = """(m, settings) => settings.map(one => {
  const problem = m.problemOf(one);
  if (problem) return { problem };
  return { problem, size: m.outputSize(one), formula: m.formulaOf(one), same: m.sameSizes(one), taps: m.tapMatrix(one),
           overlap: m.overlapOf(one), beat: m.beat(one) };
})"""


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


def python_of(setting):
    widget = ConvolutionArithmetic(**setting)
    if widget.problem:
        return {"problem": widget.problem}
    k, s = widget.kernel, widget.stride
    return {
        "problem": "",
        "size": widget.output_size,
        "formula": widget.formula,
        "same": widget.same,
        "taps": widget.taps.tolist(),
        "overlap": widget.overlap.tolist(),
        "beat": [k // s, k // s if is_even(k, s) else k // s + 1],
    }


def test_sizes_formulas_taps_overlaps_and_problems_are_pythons(page):
    assert page.run(MATH, COMPUTE, SETTINGS) == [python_of(setting) for setting in SETTINGS]


def test_the_lit_cell_is_connected_as_python_says(page):
    code = """(m, { setting, cells }) => [["input", "output"], ["output", "input"]].map(([side, other]) =>
      cells.map(cell => m.connected(setting, side, cell).filter(([to]) => to >= 0 && to < m.sizeOf(setting, other))))"""
    for setting in SETTINGS:
        widget = ConvolutionArithmetic(**setting, dims=1)
        if widget.problem or setting["size"] != 4:
            continue
        sides = page.run(MATH, code, {"setting": setting, "cells": [0, widget.output_size // 2]})
        for side, found in zip(("input", "output"), sides):
            for cell, pairs in zip((0, widget.output_size // 2), found):
                if side == "input" and cell >= setting["size"]:
                    continue
                widget.lit_side, widget.lit = side, [0, cell]
                assert sorted(map(tuple, pairs)) == sorted((to, tap) for (to,), (tap,) in widget.connections)


@pytest.mark.parametrize("dims", [1, 2])
def test_the_sentence_counts_the_connections_of_python(page, dims):
    for setting in SETTINGS:
        widget = ConvolutionArithmetic(**setting, dims=dims, lit=[0, 1])
        if widget.problem or setting["size"] < 4 or widget.output_size < 2:
            continue
        for widget.lit_side in ("input", "output"):
            lit = {"side": widget.lit_side, "cell": widget.lit}
            said = page.call("convolution-grids.mjs", "litSentence", {"setting": setting, "dims": dims, "lit": lit})
            count = re.search(r"(?:reads|read by|reached by|stamp on) (\d+) ", said)
            assert (int(count[1]) if count else 0) == len(widget.connections), (said, setting)


def test_through_the_inserted_zeros_the_same_taps_meet_the_same_inputs(page):
    code = """(m, setting) => Array.from({ length: m.outputSize(setting) }, (_, j) => {
      const row = Array(setting.size).fill(-1);
      const { length } = m.stretched(setting);
      for (const [place, tap] of m.stretchedWindow(setting, j))
        if (place >= 0 && place < length && place % setting.stride === 0) row[place / setting.stride] = tap;
      return row;
    })"""
    for setting in SETTINGS:
        widget = ConvolutionArithmetic(**setting)
        if setting["kind"] == "transposed" and not widget.problem:
            assert page.run(MATH, code, setting) == widget.taps.tolist()


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_walked_and_mended_as_python_does(page, name):
    table = TABLES[name]
    assert page.call(MATH, "walkTable", table) == [row._asdict() for row in walk(table)]
    for index in range(len(table["rows"])):
        assert page.call(MATH, "mendsOf", table, index, TABLE_BOUNDS) == mends(table, index)
    impossible = table | {"kind": "strided", "start": 3}
    assert page.call(MATH, "walkTable", impossible) == [row._asdict() for row in walk(impossible)]


def test_the_page_allows_what_python_allows(page):
    bounds = page.run("convolution-table.mjs", "m => m.TABLE_BOUNDS")
    assert bounds == {name: list(pair) for name, pair in TABLE_BOUNDS.items()}


# --- on a page


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, ConvolutionArithmetic(), width=390) as (page, said):
        yield page
    assert said.everything() == []


def panel(page, name):
    return page.get_by_role("region", name=name, exact=True)


def frame(page):
    """What is asked for is drawn in the next frame."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def sentence(page, name="cells"):
    frame(page)
    return panel(page, name).locator(".conv-said").inner_text()


def choose(page, group, name):
    page.get_by_role("group", name=group).get_by_label(name, exact=True).check()
    frame(page)


def slide(page, label, value):
    page.get_by_label(label).fill(str(value))
    frame(page)


def test_it_opens_with_a_window_a_matrix_an_overlap_and_a_table(seen):
    assert sentence(seen) == "Output (1, 1) reads 16 inputs."
    taps = ConvolutionArithmetic().taps
    entries = f"{(taps >= 0).sum()} of {taps.numel()} entries can be other than zero"
    assert sentence(seen, "matrix").startswith(f"4 outputs × 8 inputs: {entries}")
    assert "even, because 2 divides 4" in sentence(seen, "overlap")
    assert "The table ends with 94 × 94." in sentence(seen, "table of layers")


def test_it_fits_a_phone(seen):
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390
    table = seen.locator(".conv-wide")
    assert table.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_pointing_at_a_cell_lights_it_in_every_view(seen):
    boards = panel(seen, "cells").get_by_role("slider")
    box = boards.last.bounding_box()
    seen.mouse.move(box["x"] + 2, box["y"] + 2)
    assert sentence(seen) == "Output (0, 0) reads 9 inputs, and with 7 taps of its kernel zeros of the padding."
    assert sentence(seen, "matrix").endswith("Row 0: what output 0 reads.")
    box = boards.first.bounding_box()
    seen.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2 + 2)
    assert sentence(seen) == "Input (4, 4) is read by 4 outputs."
    assert sentence(seen, "matrix").endswith("Column 4: where input 4 goes.")


def test_the_arrow_keys_walk_over_either_side(seen):
    board = panel(seen, "cells").get_by_role("slider").last
    board.focus()
    board.press("ArrowDown")  # from the other side: to its first cell
    frame(seen)
    board.press("ArrowDown")
    frame(seen)
    board.press("ArrowRight")
    assert sentence(seen).startswith("Output (1, 1)")
    assert board.get_attribute("aria-valuenow") == "5" and board.get_attribute("aria-valuemax") == "15"
    matrix = panel(seen, "matrix").get_by_role("slider")
    matrix.focus()
    matrix.press("ArrowDown")
    assert sentence(seen, "matrix").endswith("Row 2: what output 2 reads.")


def test_a_kernel_that_does_not_fit_is_one_sentence_and_back_is_back(seen):
    slide(seen, "input n", 2)
    slide(seen, "kernel k", 7)
    problem = ConvolutionArithmetic(size=2, kernel=7).problem
    assert seen.locator(".conv-problem").inner_text() == problem + "."
    assert not panel(seen, "cells").is_visible() and panel(seen, "table of layers").is_visible()
    slide(seen, "kernel k", 4)
    assert panel(seen, "cells").is_visible()
    slide(seen, "input n", 8)


def test_every_view_can_stand_alone(seen):
    views = {"cells", "matrix", "overlap", "table of layers"}
    for view in views:
        choose(seen, "Show", view)
        assert {name for name in views if panel(seen, name).is_visible()} == {view}
    choose(seen, "Show", "all")


def test_the_paper_kernel_is_uneven(seen):
    choose(seen, "Convolution", "transposed")
    slide(seen, "kernel k", 5)
    assert "2 or 3 on a line, 4, 6 or 9 on a map: uneven, because 2 does not divide 5." in sentence(seen, "overlap")
    widget = ConvolutionArithmetic(kind="transposed", kernel=5)
    counts = ", ".join(f"{count:.0f}" for count in widget.overlap.tolist())
    assert seen.get_by_label(f"Taps on each cell of a line: {counts}").is_visible()
    assert widget.formula in seen.locator(".conv-formula").inner_text()


def test_the_table_is_mended_by_hand(seen):
    table = panel(seen, "table of layers")
    for layer in range(2, 6):
        field = table.get_by_label(f"Layer {layer}, padding", exact=True)
        field.fill("1")
        field.press("Tab")
        frame(seen)
    assert sentence(seen, "table of layers") == "The table adds up: 5 of 5 printed sizes come out."
    assert table.get_by_label("Table").input_value() == "the usual generator"
    assert table.locator("tbody tr").nth(5).locator(".conv-computed").inner_text() == "64 ✓"


def test_layers_come_and_go(seen):
    table = panel(seen, "table of layers")
    table.get_by_role("button", name="Add a layer").click()
    frame(seen)
    assert table.locator("tbody tr").last.locator(".conv-computed").inner_text() == "128"
    assert table.get_by_label("Table").input_value() == "changed by you"
    table.get_by_role("button", name="Remove the last").click()
    table.get_by_label("Table").select_option("a published discriminator")
    assert sentence(seen, "table of layers").startswith(
        "Layer 5 does not give the printed 1 × 1: it gives 2 × 2. Kernel 5, or stride 3, or padding 0 would mend"
    )


def test_a_field_holds_what_may_stand_in_it(seen):
    field = panel(seen, "table of layers").get_by_label("Layer 1, kernel", exact=True)
    field.fill("99")
    field.press("Tab")
    frame(seen)
    assert seen.get_by_label("Layer 1, kernel", exact=True).input_value() == str(TABLE_BOUNDS["kernel"][1])


def test_what_is_being_typed_stays_while_cells_light_up(seen):
    field = panel(seen, "table of layers").get_by_label("Layer 2, kernel", exact=True)
    field.fill("6")
    box = panel(seen, "cells").get_by_role("slider").first.bounding_box()
    seen.mouse.move(box["x"] + 40, box["y"] + 40)
    frame(seen)
    assert field.input_value() == "6"
    field.press("Tab")
    frame(seen)
    assert seen.evaluate("document.activeElement.ariaLabel") == "Layer 2, stride"


def test_on_a_line_up_and_down_change_the_side(browser):
    widget = ConvolutionArithmetic(view="grids", dims=1, kind="transposed", size=4, lit=[0, 3])
    with shown(browser, widget) as (page, said):
        assert sentence(page) == "Output 3 is reached by 2 stamps."
        board = panel(page, "cells").get_by_role("slider")
        board.focus()
        board.press("ArrowUp")
        assert sentence(page) == "Input 3 prints its stamp on 3 outputs; 1 more is cut off."
        page.get_by_label("zeros between the inputs").check()
        board.press("ArrowDown")
        frame(page)
        assert sentence(page) == "Output 3 is reached by 2 stamps."
        assert panel(page, "cells").locator(".conv-live").count() == 4
    assert said.everything() == []


def test_a_cell_that_nothing_reads_is_said_to_be_so(browser):
    widget = ConvolutionArithmetic(view="grids", kernel=3, padding=0, lit=[7, 7], lit_side="input")
    with shown(browser, widget) as (page, _):
        assert sentence(page) == "No output reads input (7, 7)."
        assert "No output reads input 7. Inputs of 7 and 8 give an output of 3." in page.inner_text("figure")


def test_it_plays_until_it_is_out_of_view(browser):
    with shown(browser, ConvolutionArithmetic(view="grids")) as (page, said):
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("document.querySelector('figure').innerText.includes('Output (1, 3) reads')")
        page.evaluate("document.querySelector('figure').style.display = 'none'")
        page.wait_for_function("[...document.querySelectorAll('button')].some(e => e.textContent === 'Play')")
    assert said.everything() == []


def test_with_less_motion_it_goes_one_cell_at_a_press(browser):
    with shown(browser, ConvolutionArithmetic(view="grids"), reduced_motion="reduce") as (page, _):
        page.get_by_role("button", name="Next cell").click()
        assert sentence(page).startswith("Output (1, 2)")
        page.wait_for_timeout(600)
        assert sentence(page).startswith("Output (1, 2)")


def test_a_finger_lights_a_cell_and_a_widget_that_leaves_is_quiet(browser):
    with shown(browser, ConvolutionArithmetic(view="grids"), width=390, has_touch=True, is_mobile=True) as (page, said):
        box = panel(page, "cells").get_by_role("slider").last.bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] - 3, box["y"] + 3)
        assert sentence(page).startswith("Output (0, 3)")
        page.get_by_role("button", name="Play").click()
        page.evaluate("document.querySelector('figure').parentElement.remove()")
        page.set_viewport_size({"width": 700, "height": 900})
        page.wait_for_timeout(600)
    assert said.everything() == []


def test_python_moves_it_and_hears_what_the_reader_does(browser):
    with live(browser, ConvolutionArithmetic(), names=()) as page:
        page.evaluate("live.set('kind', 'transposed'); live.set('lit', [2, 2]); live.set('view', 'grids')")
        assert sentence(page) == "Output (2, 2) is reached by 4 stamps."
        slide(page, "stride s", 3)
        assert page.evaluate("sent.at(-1).stride") == 3
        panel(page, "cells").get_by_role("slider").first.press("ArrowRight")
        told = page.evaluate("[sent.at(-1).lit_side, sent.at(-1).lit]")
        assert told == ["input", [0, 0]]
        ConvolutionArithmetic(**{name: page.evaluate(f"sent.at(-1).{name}") for name in (*NAMES, "lit", "table")})


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, ConvolutionArithmetic(kind="transposed", kernel=5), width=width, scheme=scheme) as (page, _):
        assert grave(page) == []
