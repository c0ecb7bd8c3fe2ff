"""TrainingScrubber: recorded runs, their numbers at each kept step, and the guessing game, without a browser."""

import io
import json
import math

import pytest
import torch
import traitlets
from PIL import Image

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, history, train
from dcgan_lib.training.film import Film
from dcgan_lib.training.watch import Watch
from dcgan_lib.widgets import TrainingScrubber
from dcgan_lib.widgets.scrubber import FOLDER, POINTS, SHOWN, manifest_of, recorded, run_files
from dcgan_lib.widgets.telltales import CASES
from tools import house

NOISE = Images("noise", torch.randint(0, 256, (50, 3, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


@pytest.fixture(scope="module")
def film():
    trainer = Trainer(DCGANConfig(image_size=16, nz=6, ngf=4, ndf=4), TrainConfig(steps=12, batch_size=8), "cpu")
    film = Film(trainer, at=(1, 5, 12), n=6, watch=Watch(NOISE))
    for stats in train(trainer, NOISE):
        film.look(stats)
    return film


# --- the recorded runs


def test_every_recorded_run_has_a_name_and_a_telltale():
    assert set(recorded()) <= set(CASES)
    assert all(case["label"] and case["tell"] for case in CASES.values())


@pytest.mark.parametrize("name", recorded())
def test_a_page_gets_the_numbers_that_were_recorded(name):
    manifest, sheet = run_files(name)
    lines = [json.loads(line) for line in (FOLDER / name / "history.jsonl").read_text().splitlines()]
    entries = {line["step"]: line for line in lines if "loss_d" in line}
    assert manifest["numbers"]["step"] == sorted(entries)
    for key in SHOWN:
        assert manifest["numbers"][key] == [entries[step][key] for step in sorted(entries)]
    looks = [line["look"] for line in lines if "look" in line]
    assert manifest["looks"]["variety"] == [round(look["variety"], 3) for look in looks]
    assert manifest["frames"] == lines[0]["samples"]["steps"]
    assert sheet == (FOLDER / name / "samples.webp").read_bytes()


@pytest.mark.parametrize("name", recorded())
def test_a_run_is_light_and_its_sheet_holds_every_sample(name):
    manifest, sheet = run_files(name)
    assert len(sheet) < 150_000 and len(json.dumps(manifest)) < 10_000
    width, height = Image.open(io.BytesIO(sheet)).size
    assert (width, height) == (manifest["n"] * manifest["size"], len(manifest["frames"]) * manifest["size"])


def test_the_site_gets_every_recorded_run_and_is_not_written_again_for_nothing(tmp_path):
    house.copy_runs(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{n}.{kind}" for n in recorded() for kind in ("json", "webp")
    }
    assert json.loads((tmp_path / "healthy.json").read_text()) == run_files("healthy")[0]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    house.copy_runs(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


# --- what is said of them


def mean(name, column, steps):
    """Over evenly spaced steps; those whose samples were kept are there besides."""
    numbers = run_files(name)[0]["numbers"]
    values = [value for step, value in zip(numbers["step"], numbers[column]) if step in steps and step % 20 == 0]
    return sum(values) / len(values)


LATE = range(701, 1001)


def test_of_the_healthy_run():
    assert (round(mean("healthy", "d_real", LATE), 2), round(mean("healthy", "d_fake", LATE), 2)) == (0.76, 0.15)
    assert mean("healthy", "loss_d", LATE) > mean("healthy", "loss_d", range(100, 401))


def test_of_the_strong_d():
    numbers = run_files("strong-d")[0]["numbers"]
    assert mean("strong-d", "d_real", range(100, 1001)) > 0.98 and mean("strong-d", "d_fake", range(100, 1001)) < 0.02
    assert mean("strong-d", "loss_d", range(100, 1001)) < 0.1 and mean("strong-d", "loss_g", range(100, 1001)) > 6
    assert numbers["d_real"][numbers["step"].index(100)] > 0.99


def across(name, step):
    """How much the samples differ from each other."""
    return float(Film.load(f"failures/{name}").images[step][:8].std(0).mean())


def test_of_the_collapse():
    assert all(across("collapse", step) < 0.1 < 0.18 < across("healthy", step) for step in (300, 400, 500, 600, 700))
    assert abs(mean("collapse", "d_real", LATE) - 0.5) < 0.02 and abs(mean("collapse", "d_fake", LATE) - 0.5) < 0.02


def test_of_the_wrong_gains():
    numbers = run_files("gains")[0]["numbers"]
    assert (numbers["loss_d"][0], numbers["loss_g"][0]) == (1.388, 0.694)
    early, late = (Film.load(f"failures/{name}").images[50].std() for name in ("gains", "healthy"))
    assert early < 0.2 * late
    assert abs(across("gains", 1000) - across("healthy", 1000)) < 0.05


def grain(name, step):
    """How much a pixel differs from what its neighbours on three sides foretell."""
    x = Film.load(f"failures/{name}").images[step]
    return float((x[..., 1:, 1:] - x[..., 1:, :-1] - x[..., :-1, 1:] + x[..., :-1, :-1]).abs().mean())


def variety(name, step):
    looks = run_files(name)[0]["looks"]
    return looks["variety"][looks["step"].index(step)]


def test_of_the_few_images():
    assert (round(variety("few-images", 100), 2), round(variety("few-images", 300), 2)) == (0.38, 0.17)
    assert variety("few-images", 300) < 0.5 * variety("healthy", 300)
    early, later = (mean("few-images", "d_real", steps) for steps in (range(60, 161), range(260, 361)))
    assert later > 0.96 > early and variety("few-images", 1000) > 0.6
    assert grain("few-images", 1000) > 1.2 * grain("healthy", 1000)
    record = history.read(FOLDER / "few-images" / "history.jsonl")[0]
    assert record["data"]["images"] == 2 * record["train"]["batch_size"] == 64


def test_of_the_high_rates():
    contrast = [float(Film.load(f"failures/{name}").images[100].std()) for name in ("fast", "healthy")]
    assert contrast[0] > 2.5 * contrast[1]
    assert grain("fast", 1000) > 1.5 * grain("healthy", 1000)
    assert [round(mean(name, "loss_g", LATE), 1) for name in ("fast", "healthy")] == [4.4, 2.5]
    assert variety("fast", 1000) > 1


def test_of_the_momentum():
    whole = range(100, 1001)
    assert round(mean("momentum", "loss_d", whole), 2) == 0.02 and round(mean("momentum", "loss_g", whole), 1) == 7.6
    assert round(variety("momentum", 1000), 2) == 0.38
    assert grain("momentum", 1000) > 2 * grain("healthy", 1000)
    contrast = [float(Film.load(f"failures/{name}").images[1000].std()) for name in ("momentum", "strong-d")]
    assert contrast[0] > 0.4 and contrast[1] < 0.15


def test_of_the_missing_batch_norm():
    assert (round(variety("no-batch-norm", 100), 2), round(variety("no-batch-norm", 1000), 2)) == (0.06, 0.69)
    assert variety("healthy", 1000) > 0.95
    numbers = run_files("no-batch-norm")[0]["numbers"]
    assert (numbers["loss_d"][0], numbers["loss_g"][0]) == (1.385, 0.693)
    for column, spread in (("loss_d", 0.1), ("loss_g", 1), ("d_real", 0.05), ("d_fake", 0.05)):
        theirs, ours = (mean(name, column, range(100, 1001)) for name in ("no-batch-norm", "healthy"))
        assert theirs == pytest.approx(ours, abs=spread)


def test_of_the_smoothing_on_both_sides():
    lowest = [min(run_files(name)[0]["numbers"]["loss_d"]) for name in ("both-sided", "healthy")]
    assert [round(loss, 2) for loss in lowest] == [0.69, 0.14]
    floor = -2 * (0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert round(floor, 2) == 0.65 and min(lowest[0], floor) == floor
    assert variety("both-sided", 1000) == pytest.approx(variety("healthy", 1000), abs=0.05)
    assert grain("both-sided", 1000) == pytest.approx(grain("healthy", 1000), rel=0.1)


def test_of_the_missing_detach():
    for column in ("loss_d", "loss_g", "d_real", "d_fake"):
        assert mean("no-detach", column, LATE) == pytest.approx(mean("healthy", column, LATE), abs=0.05)


# --- the widget


def test_its_reading_is_what_the_run_recorded_at_that_step():
    scrubber = TrainingScrubber(["healthy", "collapse"], step=300)
    _, entries = history.read(FOLDER / "collapse" / "history.jsonl")
    (entry,) = [entry for entry in entries if entry["step"] == 300]
    found = scrubber.reading["collapse"]
    assert found["step"] == 300 and {key: found[key] for key in SHOWN} == {key: entry[key] for key in SHOWN}


def test_a_step_can_be_given_by_its_place():
    scrubber = TrainingScrubber(["healthy"])
    scrubber.index = 0
    assert (scrubber.step, scrubber.index) == (1, 0)


def test_ones_own_film_comes_with_the_widget(film):
    scrubber = TrainingScrubber(films={"mine": film}, step=5)
    assert scrubber.runs == ["mine"] and scrubber.steps == [1, 5, 12]
    assert scrubber.reading["mine"]["loss_g"] == pytest.approx(film.columns["loss_g"][4], abs=5e-4)
    assert scrubber.reading["mine"]["variety"] == pytest.approx(film.looks[1].variety, abs=5e-4)
    assert Image.open(io.BytesIO(scrubber.sheets["mine"])).size == (6 * 16, 3 * 16)


def test_a_long_film_is_thinned_but_for_its_kept_steps(film):
    long = Film(film.trainer, at=())
    long.images, long.entries = film.images, [film.entries[0] | {"step": i} for i in range(1, 10 * POINTS + 1)]
    steps = TrainingScrubber(films={"mine": long}).own["mine"]["numbers"]["step"]
    assert {1, 5, 12, 10 * POINTS} < set(steps) and len(steps) <= POINTS + 4


def test_a_number_that_is_none_leaves_a_gap(film):
    broken = Film(film.trainer, at=())
    broken.images, broken.entries = film.images, [entry | {"loss_g": float("nan")} for entry in film.entries]
    assert set(manifest_of(broken)["numbers"]["loss_g"]) == {None}


@pytest.mark.parametrize(
    "trait, value, says",
    [("step", 301, "step=301: samples were kept at "), ("runs", ["nothing"], "runs=.*nothing"), ("runs", [], "runs="),
     ("runs", ["healthy", "healthy"], "give different ones"), ("case", 2, "case=2: there are 2 runs"),
     ("curves", "D", "'D'"), ("followed", 99, "followed=99: there are samples 1 to "),
     ("guess", {"3": "healthy"}, "there is 1, 2"),
     ("guess", {"1": "bad luck"}, "guess.*bad luck"), ("revealed", ["Z"], "revealed=.*Z")],
)  # fmt: skip
def test_what_it_cannot_show_is_refused_by_name(trait, value, says):
    scrubber = TrainingScrubber(["collapse", "healthy"], hidden=True)
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(scrubber, trait, value)


def test_an_unknown_run_is_refused_when_it_is_made():
    with pytest.raises(traitlets.TraitError, match=r"no run 'nothing': there are .*collapse"):
        TrainingScrubber(["nothing"])
    with pytest.raises(FileNotFoundError, match=r"no recorded run '\.\./checkpoints'"):
        run_files("../checkpoints")


def test_a_guess_is_judged():
    quiz = TrainingScrubber(["collapse", "healthy", "gains"], hidden=True)
    quiz.guess, quiz.revealed = {"1": "collapse", "2": "gains", "3": ""}, ["1", "2", "3"]
    assert quiz.found == 1
    assert quiz.verdict("1") == "Right. This is: G's rate far too high."
    assert quiz.verdict("2") == "Not this time. This is: healthy. You said: wrong initial gains."
    assert quiz.verdict("3") == "This is: wrong initial gains."


def test_a_kernel_hands_over_a_run(monkeypatch):
    sent = []
    monkeypatch.setattr(TrainingScrubber, "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    scrubber = TrainingScrubber(["healthy"])
    scrubber._answer(scrubber, {"type": "run", "name": "healthy"}, [])
    manifest, sheet = run_files("healthy")
    assert sent == [({"type": "run", "name": "healthy", "manifest": manifest}, [sheet])]


def test_without_scripts_it_is_a_picture_and_a_sentence():
    scrubber = TrainingScrubber(["healthy", "collapse"], step=300)
    picture = scrubber.still()
    assert picture.height == 64
    assert scrubber.said.startswith("Samples of the same latents after 300 steps. healthy: D(x) ")
    quiz = TrainingScrubber(["collapse", "healthy"], hidden=True)
    assert "collapse" not in quiz.said and "rate" not in quiz.said


def test_its_state_is_small():
    quiz = TrainingScrubber(list(recorded()), hidden=True)
    state = {name: value for name, value in quiz.get_state().items() if name not in ("_esm", "_css")}
    assert len(json.dumps(state, default=str)) < 10_000
    assert len(TrainingScrubber._esm) + len(TrainingScrubber._css) < 45_000
