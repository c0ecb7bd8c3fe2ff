"""Figures of the engine and of what is not to be lost: what stands in them."""

import matplotlib.pyplot as plt
import pytest

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.plotting import engine, safety

ROW = {"precision": "fp32", "wall_ms": 20.0, "floor_ms": 5.0, "x": 1.0}
CASE = {"image_size": 64, "threads": 1, "batch": 8}
CASE |= {"rows": [ROW | {"form": "usual"}, ROW | {"form": "ours", "precision": "bf16", "wall_ms": 10.0, "x": 2.0}]}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(fig):
    return " | ".join(t.get_text() for ax in fig.axes for t in ax.texts)


def test_a_trick_that_is_not_taken_yet_has_no_number():
    assert "× 2.00" in texts(engine.plot_tricks(CASE)) and "× 2.00" not in texts(engine.plot_tricks(CASE, upto=1))


def test_frames_of_the_tricks_share_their_axis():
    limits = {engine.plot_tricks(CASE, upto).axes[0].get_xlim() for upto in (1, 2)}
    assert len(limits) == 1 and limits.pop()[1] > 20


def test_cases_are_named_for_readers():
    assert engine.case_name(CASE) == "64 × 64, 1 thread"


def test_what_was_not_measured_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "RESULTS", tmp_path)
    assert engine.recorded("gpu") is None
    (tmp_path / "gpu.json").write_text('{"steps": 3}')
    assert engine.recorded("gpu") == {"steps": 3}


def test_passes_end_at_their_sum():
    fig = engine.plot_passes({"D": ("D", (("forward", 3.0), ("thrown away", 4.0)))})
    last = fig.axes[0].patches[-1]
    assert last.get_x() + last.get_width() == 7 and last.get_hatch()


def test_every_bit_is_drawn():
    assert len(engine.plot_bits({"bfloat16": (8, 7)}).axes[0].patches) == 16


def test_kernels_wait_for_the_slower_of_processor_and_gpu():
    assert engine.launches(1, "one by one")[1][-1][1] == 12 * engine.LAUNCH + 1
    assert engine.launches(50, "one by one")[1][-1][1] == engine.LAUNCH + 12 * 50
    assert engine.launches(50, "one graph")[1][-1][1] == engine.LAUNCH + 12 * 50 + 11 * engine.REPLAY


@pytest.mark.parametrize("work", [1, 4, 16])
def test_reading_back_is_never_faster_and_a_graph_never_slower_than_asking(work):
    asking, reading, graph = (engine.launches(work, way)[1][-1][1] for way in engine.WAYS)
    assert graph <= asking + 11 * engine.REPLAY and asking < reading


def test_the_lanes_show_every_kernel():
    assert len(engine.plot_launches(4, "one graph").axes[0].patches) == 1 + engine.KERNELS


def precision(low, high):
    row = {"step": 500, "seeds": 2, "fp32": {"mean": 10.0}, "difference": {"mean": (low + high) / 2}}
    row["difference"] |= {"low": low, "high": high}
    runs = [{"precision": p, "seed": s, "distance": {"500": 9.0}} for p in ("fp32", "bf16") for s in (0, 1)]
    return {"runs": [*runs, {"precision": "fp32", "seed": 2, "distance": {"500": 99.0}}], "comparison": [row]}


def test_only_whole_pairs_are_drawn():
    left, _ = engine.plot_pairs(precision(-1, 2)).axes
    assert len(left.lines) == 2 and left.get_ylim()[1] < 99


@pytest.mark.parametrize(
    ("low", "high", "said"), [(-1, 2, "contains 0"), (1, 2, "bf16 was worse"), (-2, -1, "bf16 was better")]
)
def test_an_interval_is_read_as_it_is(low, high, said):
    assert said in engine.verdict(precision(low, high)["comparison"][0])


def test_no_difference_found_comes_with_what_is_not_ruled_out():
    assert "20%" in engine.verdict(precision(-1, 2)["comparison"][0])


def test_one_seed_has_no_verdict():
    assert "Nothing can be said" in engine.verdict({"step": 500, "seeds": 1})


@pytest.mark.parametrize("way", safety.PHASES)
def test_every_phase_is_drawn_and_says_what_a_kill_leaves(way):
    for phase, (_, files, found) in enumerate(safety.PHASES[way], start=1):
        fig = safety.plot_phase(way, phase)
        assert found in texts(fig) and all(name in texts(fig) for name in files)


def test_only_writing_over_the_old_one_can_lose_it():
    lost = {way: [found for *_, found in phases if "state" not in found or "third" in found]
            for way, phases in safety.PHASES.items()}  # fmt: skip
    assert len(lost["over the old one"]) == 3 and not lost["beside it, then renamed"]


def test_the_alarm_is_drawn_with_its_bound():
    fig = safety.plot_alarm({"good": [(1, 0.1), (50, None), (100, 0.8)]}, alike=0.25, begins=40)
    assert list(fig.axes[0].lines[0].get_xdata()) == [1, 100]
    assert [0.25, 0.25] in [list(line.get_ydata()) for line in fig.axes[0].lines]


def test_growth_leaves_out_the_steps_at_which_two_runs_are_equal():
    ax = engine.plot_growth({1: 0.0, 2: 1e-4, 3: 2.0}, {1: 0, 2: 0, 3: 0}).axes[0]
    assert len(ax.lines) == 1 and list(ax.lines[0].get_xdata()) == [2, 3]


def test_growth_marks_the_first_step_with_a_flipped_unit():
    fig = engine.plot_growth({1: 1e-4, 2: 1e-4, 3: 2.0}, {1: 0, 2: 1, 3: 9})
    assert list(fig.axes[0].lines[1].get_xdata()) == [2, 2] and "a unit is on" in texts(fig)


GPU_ROWS = [row | {"of_the_floor": 0.5} for row in CASE["rows"]]
GPU = {"machine": {"gpu": "Some GPU", "date": "2026-01-01"}, "steps": [CASE | {"width": 8, "rows": GPU_ROWS}]}


def test_without_a_gpus_figures_the_estimate_says_that_it_is_one():
    counted = cost(DCGANConfig())
    for record in (None, {"machine": {}}):
        text, table = engine.gpu_or_estimate(record, counted, batch=128, operations=1000)
        assert "estimate" in text and "python benchmarks/gpu.py" in text
        assert table.rows[0][1] == pytest.approx(1000 * engine.LAUNCH / 1e3)
        assert table.rows[1][1] == pytest.approx(counted.flops(128) / engine.ASSUMED_PEAK * 1e3)


def test_a_gpus_figures_take_the_place_of_the_estimate():
    text, table = engine.gpu_or_estimate(GPU, cost(DCGANConfig()), batch=128, operations=1000)
    assert "Some GPU" in text and "estimate" not in text and len(table.rows) == 2


KILLS = {"kills": 7, "by": {"at a line": 4, "half written": 3}, "failures": []}
KILLS |= {"most_steps_lost": 2, "steps_between_saves": 3}


def test_the_kill_test_is_told_with_its_failures():
    text = repr(safety.kills_table(KILLS | {"failures": ["x"]}))
    assert "killed at a line" in text and "otherwise than the undisturbed one" in text
    assert dict(safety.kills_table(KILLS).rows)["kills in all"] == 7


def test_the_alarms_rates_are_those_of_the_runs_that_were_kept_back():
    seen = {"healthy_runs": 9, "false_runs": 0, "rate_a_run_at_most": 0.28, "failing_runs": 4, "found": 3}
    record = {"results": {"check": {"alike": seen, "won": seen}, "set": {}}}
    assert list(safety.alarm_table(record).rows[0]) == ["alike", 9, 0, "28%", 4, 3]


def test_what_is_owed_comes_with_its_command():
    assert "python benchmarks/kill_test.py" in repr(safety.kills_table(None))
    assert "python benchmarks/collapse_alarm.py" in repr(safety.alarm_table(None))
