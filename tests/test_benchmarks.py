"""The benchmarks: their measuring, their statistics, and that each one runs to its end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import scipy.stats
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import gpu
import gpu_checks
import inference
import kernels
import layers
import measure
import precision
import step
from variants import WholeBackward, default_layout

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.cost import cost
from dcgan_lib.training import Trainer

BENCHMARKS = Path(gpu.__file__).parent
TINY = DCGANConfig(image_size=16, ngf=4, ndf=3, nz=7)


@pytest.fixture(autouse=True)
def settings_stay():
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    yield
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = benchmark


# --- measuring


def test_forms_are_timed_in_turn_after_a_round_that_does_not_count():
    calls = []
    times = measure.interleaved({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 0, rounds=(2, 9))
    assert "".join(calls) == "ab" * 3
    assert len(times["a"].wall) == len(times["b"].cpu) == 2


def test_rounds_end_at_the_most_however_much_time_is_left():
    assert len(measure.interleaved({"a": lambda: None}, seconds=60, rounds=(1, 4))["a"].wall) == 4


def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    slow, fast = measure.Times(wall=[10, 40, 12]), measure.Times(wall=[5, 20, 2])  # the second round was disturbed
    assert fast.times_faster_than(slow) == 2


def test_a_result_is_replaced_whole_and_the_machine_is_named(tmp_path):
    measure.write("x", {"old": 1}, tmp_path)
    path = measure.write("x", {"machine": measure.machine()}, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]
    machine = json.loads(path.read_text())["machine"]
    assert {"processor", "cores", "threads", "load_average", "torch", "python", "date", "bf16_instructions"} <= set(
        machine
    )


def test_a_table_has_words_at_the_left_and_numbers_at_the_right():
    text = measure.table([{"form": "a", "ms": 1234.5}, {"form": "longer", "ms": 0.12345}])
    assert text.splitlines() == ["form        ms", "--------------", "a        1,234", "longer  0.1235"]


def test_kernels_are_sorted_by_what_they_are_for():
    names = {
        "sm90_xmma_fprop_implicit_gemm_bf16bf16_bf16f32_f32_nhwckrsc_nhwc": "convolution",
        "void cudnn::bn_fw_tr_1C11_kernel_NCHW<float, float, int, 512>": "batch norm",
        "at::native::multi_tensor_apply_kernel<FusedAdamMathFunctor>": "Adam",
        "void cudnn::ops::nchwToNhwcKernel<__nv_bfloat16>": "layout",
        "at::native::vectorized_elementwise_kernel<4, leaky_relu_kernel>": "elementwise",
        "at::native::reduce_kernel<512, 1, MeanOps>": "sums",
        "Memcpy HtoD (Pinned -> Device)": "copies",
        "at::native::distribution_elementwise_grid_stride_kernel": "random",
        "a kernel of next year": "other",
    }
    assert {name: kernels.kernel_class(name) for name in names} == names


# --- the forms that are compared


def test_the_habits_taken_back_do_not_change_the_update():
    torch.set_default_dtype(torch.float64)
    try:
        cfg, real = TrainConfig(batch_size=5), torch.rand(5, 3, 16, 16) * 2 - 1
        trainers = [
            Trainer(TINY, cfg, "cpu"),
            WholeBackward(TINY, cfg, "cpu"),
            default_layout(Trainer(TINY, cfg, "cpu")),
        ]
        for _ in range(2):
            losses = [float(trainer.step(real).loss_d) for trainer in trainers]
        assert losses == pytest.approx([losses[0]] * 3, rel=1e-9)
        for other in trainers[1:]:
            torch.testing.assert_close(list(other.G.state_dict().values()), list(trainers[0].G.state_dict().values()))
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_default_layout_is_channels_of_rows():
    weight = default_layout(Trainer(TINY, TrainConfig(batch_size=5), "cpu")).G.blocks[1][0].weight
    assert weight.is_contiguous() and not weight.is_contiguous(memory_format=torch.channels_last)


def test_the_steps_benchmark_names_every_form_with_its_ratio_and_its_part_of_the_floor(tmp_path, capsys):
    report = step.main(["--quick", "--out", str(tmp_path)])
    every, whole = (case["rows"] for case in report["cases"])
    assert [row["form"] for row in whole] == [step.REFERENCE, *(f for f in step.WHOLE)]
    assert len(every) == 9 and every[0]["x"] == 1
    for row in every:
        assert row["of_the_floor"] == pytest.approx(row["floor_ms"] / row["wall_ms"], rel=2e-3)
    assert json.loads((tmp_path / "step.json").read_text())["cases"][0]["rows"] == every
    assert "of_the_floor" in capsys.readouterr().out


def test_the_inference_benchmark_compares_folded_with_as_trained(tmp_path):
    report = inference.main(["--quick", "--out", str(tmp_path), "--threads", "1"])
    assert [case["images"] for case in report["cases"]] == [1, 64]
    off = {row["form"]: row["levels_off"] for row in report["cases"][1]["rows"]}
    assert off[inference.EAGER] == 0 and off["folded"] < 0.01 and 0 < off["folded, bf16"] < 3


def test_the_layers_benchmark_has_every_layer_in_every_form(tmp_path):
    report = layers.main(["--quick", "--out", str(tmp_path), "--threads", "1"])
    assert [case["precision"] for case in report["cases"]] == ["fp32", "bf16"]
    for case in report["cases"]:
        names = [(row["layer"], row["form"]) for row in case["rows"]]
        assert names == [(f"{n}{i}", form) for n in "gd" for i in (1, 2, 3) for form in ("usual", "product")]


def test_a_layers_speed_counts_its_three_passes():
    layer = cost(TINY).G[1]
    row = layers.result(layer, "usual", measure.Times(wall=[2.0]), batch=10, size=4)
    assert row["gflops"] == pytest.approx(3 * 2 * layer.macs * 10 / 2e-3 / 1e9, rel=1e-3)


def test_make_bench_names_scripts_that_are_there():
    text = (BENCHMARKS.parent / "Makefile").read_text()
    names = next(line for line in text.splitlines() if line.startswith("TIMINGS :=")).split()[2:]
    assert [name for name in names if not (BENCHMARKS / f"{name}.py").exists()] == []


# --- bf16 against fp32


def runs(fp32, bf16):
    pairs = {"fp32": fp32, "bf16": bf16}
    return [{"precision": p, "seed": s, "distance": {"9": d}} for p, ds in pairs.items() for s, d in enumerate(ds)]


def test_the_difference_is_students_interval_of_the_pairs():
    fp32, bf16 = [8.9, 7.5, 8.1, 9.4, 7.7], [7.1, 7.9, 8.0, 9.9, 8.4]
    found = precision.compare(runs(fp32, bf16), 9)
    low, high = scipy.stats.ttest_rel(bf16, fp32).confidence_interval(0.95)
    assert found["seeds"] == 5
    assert found["difference"] == {
        "mean": pytest.approx(-0.06, abs=1e-4),
        "low": pytest.approx(low, abs=1e-4),
        "high": pytest.approx(high, abs=1e-4),
    }
    assert found["fp32"]["mean"] == pytest.approx(8.32)


def test_five_differences_of_one_sign_have_two_chances_in_thirty_two():
    assert precision.permutation_p([1, 2, 3, 4, 5]) == 2 / 32
    assert precision.permutation_p([1, -1]) == 1


def test_a_seed_without_its_partner_is_not_compared():
    assert precision.compare(runs([8.0, 9.0, 7.0], [8.5, 8.0]), 9)["seeds"] == 2
    assert "difference" not in precision.compare(runs([8.0], [8.5]), 9)


def test_runs_that_are_recorded_are_not_run_again(tmp_path, monkeypatch):
    asked = []

    def run(name, seed, faces, real, cfg, at):
        asked.append((name, seed))
        return {"precision": name, "seed": seed, "distance": {str(step): seed + 0.5 for step in at}}

    monkeypatch.setattr(precision, "run", run)
    for seeds in (["0"], ["0", "1"]):
        record = precision.main(precision.arguments(["--quick", "--out", str(tmp_path), "--seeds", *seeds]))
    assert asked == [("fp32", 0), ("bf16", 0), ("fp32", 1), ("bf16", 1)]
    assert record["comparison"][0]["difference"]["mean"] == 0


def test_runs_of_other_settings_are_not_mixed(tmp_path):
    (tmp_path / "precision.json").write_text(json.dumps({"settings": {"model": {}, "train": {}}, "runs": []}))
    with pytest.raises(SystemExit, match=r"other settings: move it away"):
        precision.main(precision.arguments(["--quick", "--out", str(tmp_path)]))


# --- on a GPU


@pytest.mark.slow
def test_the_gpu_benchmark_runs_to_its_end_on_a_processor(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--device", "cpu", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "gpu.json").read_text())
    assert set(gpu.PARTS) <= set(record) and not [name for name in gpu.PARTS if "error" in record[name]]
    assert all(check["holds"] for check in record["checks"].values())
    assert record["celeba"]["steps_done"] == record["celeba"]["steps"] == 20


def test_without_a_gpu_the_command_says_what_can_be_done(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=r"no GPU here.*--device cpu --quick"):
        gpu.main([])


def test_a_part_that_fails_is_recorded_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def broken(bench, record):
        raise RuntimeError("out of memory")

    monkeypatch.setitem(gpu.PARTS, "steps", broken)
    monkeypatch.setitem(gpu.PARTS, "faces", lambda bench, record: {"done": 1})
    code = gpu.main(["--device", "cpu", "--quick", "--out", str(tmp_path), "--only", "steps", "faces"])
    record = json.loads((tmp_path / "gpu.json").read_text())
    assert code == 1 and "out of memory" in record["steps"]["error"] and record["faces"] == {"done": 1}
    assert "failed: steps" in capsys.readouterr().out


def test_the_checks_would_see_a_wrong_step():
    cfg = TrainConfig(batch_size=4, lr_d=2e-4)
    right, wrong = Trainer(TINY, cfg, "cpu"), Trainer(TINY, TrainConfig(batch_size=4, lr_d=3e-4), "cpu")
    start = [t.clone() for t in gpu_checks.tensors(right)]
    for trainer in (right, wrong):
        trainer.advance(gpu_checks.batch(TINY, 4, 0, torch.device("cpu")))
    off = gpu_checks.moved_otherwise(gpu_checks.tensors(wrong), gpu_checks.tensors(right), start)
    assert off > gpu_checks.ALLOWED["bf16"]
    assert gpu_checks.wrong({"a step": gpu_checks.verdict(off, 0.1), "another": gpu_checks.verdict(0, 0)}) == ["a step"]
