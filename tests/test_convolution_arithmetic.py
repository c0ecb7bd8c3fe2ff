"""ConvolutionArithmetic: its traits, and what it computes of convolutions and of tables, with torch as the oracle."""

import itertools
import json

import pytest
import torch
import torch.nn.functional as F
import traitlets

from dcgan_lib.widgets import ConvolutionArithmetic
from dcgan_lib.widgets.convolution import BOUNDS, TABLES, mends, walk

SETTINGS = [
    {"kind": kind, "size": n, "kernel": k, "stride": s, "padding": p, "output_padding": extra}
    for kind in ("strided", "transposed")
    for n, k, s, p in itertools.product((1, 5, 8), (1, 3, 4, 5, 8), (1, 2, 3), (0, 1, 2))
    for extra in (range(s) if kind == "transposed" else (0,))
]


def by_torch(x, weights, setting):
    kind, s, p = (setting[name] for name in ("kind", "stride", "padding"))
    if kind == "strided":
        return F.conv1d(x, weights, None, s, p)
    return F.conv_transpose1d(x, weights, None, s, p, setting["output_padding"])


def possible(settings):
    return [(setting, ConvolutionArithmetic(**setting)) for setting in settings]


def test_it_opens_on_the_layer_that_halves_and_on_a_table_that_does_not_add_up():
    widget = ConvolutionArithmetic()
    assert (widget.output_size, widget.kind, widget.view) == (4, "strided", "all")
    assert [row.size for row in widget.walked] == [4, 10, 22, 46, 94]


def test_the_size_is_torchs_and_what_torch_refuses_is_a_problem():
    refused = 0
    for setting, widget in possible(SETTINGS):
        x, w = torch.zeros(1, 1, setting["size"]), torch.zeros(1, 1, setting["kernel"])
        try:
            want = by_torch(x, w, setting).shape[-1]
        except RuntimeError:
            refused += 1
            assert widget.problem
            continue
        assert widget.problem == "" and widget.output_size == want
    assert refused > 20


def test_the_taps_are_those_of_torch_applied_to_unit_vectors():
    for setting, widget in possible(SETTINGS):
        if widget.problem:
            continue
        weights = torch.arange(1.0, setting["kernel"] + 1)
        columns = by_torch(torch.eye(setting["size"])[:, None], weights[None, None], setting)[:, 0].T
        assert torch.equal(widget.taps + 1.0, columns)


def test_the_overlap_is_a_transposed_convolution_of_ones():
    for setting, widget in possible(SETTINGS):
        if widget.problem:
            continue
        one = torch.ones(1, 1, setting["kernel"])
        if setting["kind"] == "transposed":
            want = by_torch(torch.ones(1, 1, setting["size"]), one, setting)
        else:  # the gradient of the sum of all outputs
            x = torch.zeros(1, 1, setting["size"], requires_grad=True)
            by_torch(x, one, setting).sum().backward()
            want = x.grad
        assert torch.equal(widget.overlap, want[0, 0])


def test_the_lit_cell_is_connected_to_what_the_product_of_both_axes_says():
    widget = ConvolutionArithmetic(size=6, kernel=3, stride=2, padding=1, lit=[0, 2])
    x = torch.zeros(1, 1, 6, 6, requires_grad=True)
    F.conv2d(x, torch.arange(9.0).reshape(1, 1, 3, 3) + 1, stride=2, padding=1)[0, 0, 0, 2].backward()
    read = {(row, column): 3 * a + b + 1 for (row, column), (a, b) in widget.connections}
    assert read == {tuple(at.tolist()): x.grad[0, 0][tuple(at)].item() for at in x.grad[0, 0].nonzero()}
    widget.dims = 1
    assert widget.connections == [((3,), (0,)), ((4,), (1,)), ((5,), (2,))]


def test_a_lit_input_prints_a_stamp_and_a_lit_cell_that_is_gone_is_the_last():
    widget = ConvolutionArithmetic(kind="transposed", size=3, kernel=4, dims=1, lit_side="input", lit=[9, 9])
    assert widget.connections == [((3,), (0,)), ((4,), (1,)), ((5,), (2,))]


def test_the_formula_has_the_numbers_in_it():
    widget = ConvolutionArithmetic(size=7, kernel=3, stride=2, padding=1)
    assert widget.formula == "m = ⌊(7 + 2·1 − 3) / 2⌋ + 1 = ⌊6 / 2⌋ + 1 = 3 + 1 = 4"
    widget.kind = "transposed"
    assert widget.formula == "n = (7 − 1)·2 − 2·1 + 3 + 0 = 13"


def test_the_sizes_that_the_floor_makes_one_are_all_those_that_give_the_output():
    for setting, widget in possible(SETTINGS):
        if widget.problem or setting["kind"] == "transposed":
            continue
        k, s, p = setting["kernel"], setting["stride"], setting["padding"]
        fits = [n for n in range(1, 40) if n + 2 * p >= k]
        assert widget.same == [n for n in fits if (n + 2 * p - k) // s + 1 == widget.output_size]


# --- tables


def torch_sizes(table):
    x = torch.zeros(1, 1, table["start"], table["start"])
    for row in table["rows"]:
        k, s, p, extra = (row[name] for name in ("kernel", "stride", "padding", "output_padding"))
        w = torch.zeros(1, 1, k, k)
        up = table["kind"] == "transposed"
        x = F.conv_transpose2d(x, w, None, s, p, extra) if up else F.conv2d(x, w, None, s, p)
        yield x.shape[-1]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_walked_as_torch_walks_it(name):
    assert [row.size for row in walk(TABLES[name])] == list(torch_sizes(TABLES[name]))


def test_the_published_tables_do_not_add_up_and_the_others_do():
    wrong = {name: sum(row.right is False for row in walk(table)) for name, table in TABLES.items()}
    assert wrong.pop("a published generator") == 4
    assert wrong.pop("a published discriminator") == 1
    assert set(wrong.values()) == {0}


def test_a_row_is_mended_by_the_nearest_number_that_gives_what_it_prints():
    assert mends(TABLES["a published generator"], 1) == {"kernel": 2, "padding": 1}
    found = mends(TABLES["a published discriminator"], 4)
    assert found == {"kernel": 5, "stride": 3, "padding": 0}
    for name, value in found.items():
        rows = [dict(row) for row in TABLES["a published discriminator"]["rows"]]
        rows[4][name] = value
        assert walk(TABLES["a published discriminator"] | {"rows": rows})[4].size == 1


def test_behind_a_layer_that_is_impossible_nothing_is_computed():
    row = {"kernel": 4, "stride": 2, "padding": 0, "output_padding": 0, "printed": 3}
    table = {"kind": "strided", "start": 6, "rows": [row, row, row]}
    first, second, third = walk(table)
    assert first == (2, "", False)
    assert second.size is None and second.problem.startswith("kernel=4 does not fit into 2")
    assert third == (None, "", None) and mends(table, 2) == {}


# --- traits


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_beyond_what_is_drawn_is_refused_by_name(name):
    low, high = BOUNDS[name]
    for value in (low - 1, high + 1):
        with pytest.raises(traitlets.TraitError, match=f"{name}={value}: give a whole number from {low} to {high}"):
            ConvolutionArithmetic(**{name: value})


@pytest.mark.parametrize(
    ("trait", "value"), [("view", "grid"), ("kind", "dilated"), ("dims", 3), ("lit", [1]), ("lit", [-1, 0])]
)
def test_other_traits_are_checked_too(trait, value):
    with pytest.raises(traitlets.TraitError, match=trait):
        ConvolutionArithmetic(**{trait: value})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "dilated"}, "give kind"),
        ({"start": 0}, "start=0"),
        ({"rows": []}, "table has 0 rows: give 1 to 10"),
        ({"rows": [{"kernel": 3}]}, "give kernel, stride, padding, output_padding, printed"),
        ({"rows": [TABLES["the usual generator"]["rows"][0] | {"kernel": 17}]}, "kernel=17"),
        ({"rows": [TABLES["the usual generator"]["rows"][0] | {"printed": 0}]}, "printed=0"),
    ],
)
def test_a_table_that_cannot_be_walked_is_refused(change, says):
    with pytest.raises(traitlets.TraitError, match=says):
        ConvolutionArithmetic(table=TABLES["the usual generator"] | change)


def test_a_table_is_taken_by_its_name_and_a_wrong_name_is_refused():
    widget = ConvolutionArithmetic(table="the paper's generator")
    assert [row.size for row in widget.walked] == [8, 16, 32, 64]
    with pytest.raises(traitlets.TraitError, match="no such table"):
        widget.table = "no such table"


def test_what_one_widget_does_to_its_table_is_not_done_to_the_next():
    widget = ConvolutionArithmetic()
    widget.table["rows"][0]["kernel"] = 9
    assert ConvolutionArithmetic().table == TABLES["a published generator"]


def test_numbers_that_do_not_go_together_are_taken_and_said():
    widget = ConvolutionArithmetic(kind="transposed", output_padding=3)
    assert widget.problem == "output_padding=3: give 0 to 1, it must be below the stride"
    assert repr(widget) == f"ConvolutionArithmetic(transposed: {widget.problem})"
    with pytest.raises(ValueError, match="below the stride"):
        _ = widget.output_size
    widget.output_padding = 1
    assert widget.output_size == 17


def test_it_is_light():
    assert len(ConvolutionArithmetic._esm) + len(ConvolutionArithmetic._css) < 57_000
    state = ConvolutionArithmetic().get_state()
    assert len(json.dumps({name: value for name, value in state.items() if name not in ("_esm", "_css")})) < 5_000


# --- where scripts are off


@pytest.mark.parametrize("view", ["all", "matrix", "overlap"])
@pytest.mark.parametrize("kind", ["strided", "transposed"])
def test_a_view_has_a_picture(view, kind):
    assert ConvolutionArithmetic(view=view, kind=kind, size=4).still().width > 400


def test_words_do_for_a_table_and_for_a_problem():
    table, problem = ConvolutionArithmetic(view="table"), ConvolutionArithmetic(size=1, kernel=8)
    assert table.still() is None and problem.still() is None
    assert "it prints 4, 8, 16, 32, 64; what comes out is 4, 10, 22, 46, 94." in table.said
    assert "kernel=8 does not fit" in problem.said
    assert ConvolutionArithmetic(kind="transposed").said.endswith("n = (8 − 1)·2 − 2·1 + 4 + 0 = 16.")
