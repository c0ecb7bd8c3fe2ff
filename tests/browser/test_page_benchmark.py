"""The benchmark of the page: its counting, and that it runs to its end with nothing to fetch."""

import contextlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import page as benchmark


def test_frames_are_counted_over_their_time():
    found = benchmark.frames([1000 / 60] * 57 + [1000 / 30] * 3, pictures=60, sheet=30)
    assert found["frames_a_second"] == pytest.approx(60 / (63 / 60), rel=1e-3)
    assert found["pictures_a_second"] == found["frames_a_second"] == 2 * found["sheet_images_a_second"]
    assert (found["median_ms"], found["late"]) == (16.67, 0.05)


def test_goals_are_read_from_the_answers_and_only_from_those():
    rows = [
        {"rate": rate, "slider": name, "frames_a_second": n}
        for rate, name, n in (("as it is", "t", 60.0), ("as it is", "smile", 58.0), ("slowed", "t", 31.0))
    ]
    found = benchmark.goals({"drag": rows})
    assert [(row["found"], row["reached"]) for row in found] == [(58.0, False), (31.0, True)]


@pytest.mark.slow
def test_it_runs_to_its_end_and_every_engine_draws_what_torch_draws(browser, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "launched", lambda: contextlib.nullcontext(browser))  # one Playwright a process
    parts = ["image", "begin", "drag", "plane"]
    report = benchmark.main(["--quick", "--without", "onnxruntime", "--out", str(tmp_path), "--only", *parts])
    assert json.loads((tmp_path / "page.json").read_text()) == report
    for rows in report["image"].values():
        assert [row["engine"] for row in rows] == [benchmark.ENGINES[name] for name in ("assembly", "script", "usual")]
        assert max(row["off_torch"] for row in rows) < 2e-3
    ours = report["begin"][0]
    assert ours["code_bytes_gzip"] < ours["code_bytes"] < 20_000 < ours["weights_bytes"] < 2_500_000
    assert {(row["slider"], row["rate"]) for row in report["drag"]} == {
        (slider, rate) for slider in benchmark.DRAGS for rate in benchmark.RATES
    }
    assert all(0 < row["pictures_a_second"] <= row["frames_a_second"] * 1.2 for row in report["drag"])
    assert {row["goal"] for row in report["goals"]} >= {"steps a second", "one face of 64x64, ms"}
    assert "== goals" in capsys.readouterr().out
