"""The command line, run in this process on a folder of small pictures."""

import json
import re
import shutil
import warnings

import pytest
import torch
from PIL import Image

from dcgan_lib import pretrained
from dcgan_lib.cli import bar, main
from dcgan_lib.cli.flags import field_comments
from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.training import checkpoint, folder, history

TINY = ["--image-size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--batch-size", "4", "--device", "cpu"]


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Twelve small pictures in a folder; caches go beside it."""
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        Image.new("RGB", (20, 18), (20 * i, 255 - 20 * i, 99)).save(folder / f"{i:02}.png")
    return folder


def train(photos, out, steps, *more):
    return main(["train", str(photos), "--out", str(out), "--steps", str(steps), *TINY, *more])


def test_training_a_folder_leaves_networks_that_can_be_sampled(photos, tmp_path, capsys):
    assert train(photos, tmp_path / "run", 4) == 0
    assert main(["sample", str(tmp_path / "run"), "--n", "6", "--nrow", "3", "--to", str(tmp_path / "s.png")]) == 0
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.size == (2 * (3 * 17 - 1), 2 * (2 * 17 - 1))
    assert "6 images" in capsys.readouterr().err


def test_a_run_s_folder_holds_what_its_description_says_and_nothing_else(photos, tmp_path):
    assert train(photos, tmp_path / "run", 2, "--tensorboard") == 0
    described = re.findall(r"^    ([\w.]+)/?  ", folder.__doc__, re.MULTILINE)
    assert len(described) > 5
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(described)


def test_the_same_command_with_more_steps_goes_on_and_equals_one_long_run(photos, tmp_path):
    train(photos, tmp_path / "twice", 3), train(photos, tmp_path / "twice", 7)
    train(photos, tmp_path / "once", 7)
    twice, once = (pretrained.load(tmp_path / name / "networks").G.state_dict() for name in ("twice", "once"))
    assert all(torch.equal(twice[key], once[key]) for key in once)
    _, entries = history.read(tmp_path / "twice" / "history.jsonl")
    assert entries[-1]["step"] == 7


def test_the_record_beside_the_weights_says_how_they_were_made(photos, tmp_path):
    train(photos, tmp_path / "run", 2, "--lr-g", "0.0001")
    record = json.loads((tmp_path / "run" / "networks" / "config.json").read_text())
    assert record["train"]["lr_g"] == 0.0001 and record["data"] == {"name": "photos", "images": 12}
    assert record["command"].startswith("python -m dcgan_lib") and record["steps_done"] == 2


def test_faces_without_end_go_on_where_they_were(tmp_path, capsys):
    def faces(out, steps):
        command = ["train", "faces", "--endless", "--out", str(tmp_path / out), "--steps", str(steps), "--best", "none"]
        assert main([*command, *TINY]) == 0

    faces("twice", 2), faces("twice", 3), faces("once", 3)
    twice, once = (pretrained.load(tmp_path / name / "networks").G.state_dict() for name in ("twice", "once"))
    assert all(torch.equal(twice[key], once[key]) for key in once)
    assert "no end of images of faces" in capsys.readouterr().err


def test_changed_settings_in_the_same_folder_are_refused_by_name(photos, tmp_path, capsys):
    train(photos, tmp_path / "run", 2)
    assert train(photos, tmp_path / "run", 4, "--beta1", "0.9") == 2
    assert "beta1=0.5 there, 0.9 here" in capsys.readouterr().err


def test_an_interrupt_finishes_the_step_saves_and_says_how_to_go_on(photos, tmp_path, capsys, monkeypatch):
    import signal

    from dcgan_lib.training.step import Trainer

    whole_step = Trainer.step

    def interrupted(self, real):
        if self.steps_done == 2:
            signal.raise_signal(signal.SIGINT)
        return whole_step(self, real)

    monkeypatch.setattr(Trainer, "step", interrupted)
    assert train(photos, tmp_path / "run", 50) == 1
    saved = checkpoint.load(tmp_path / "run" / "checkpoints" / "step-00000003.ckpt")
    assert saved["steps_done"] == 3
    assert "The same command goes on from there" in capsys.readouterr().err


def test_a_run_that_is_not_finished_can_be_sampled(photos, tmp_path, capsys):
    train(photos, tmp_path / "run", 4)
    shutil.rmtree(tmp_path / "run" / "networks")
    assert main(["sample", str(tmp_path / "run"), "--n", "4", "--to", str(tmp_path / "s.png")]) == 0
    said = capsys.readouterr().err
    assert "not finished; these are the networks of step 4 of 4" in said and "4 images" in said


def test_a_walk_becomes_a_sheet_or_a_moving_picture(photos, tmp_path):
    train(photos, tmp_path / "run", 2)
    main(["walk", str(tmp_path / "run"), "--seeds", "1", "2", "--frames", "5", "--to", str(tmp_path / "w.gif")])
    with Image.open(tmp_path / "w.gif") as moving:
        assert moving.n_frames == 10  # there and back, no frame twice
    main(["walk", str(tmp_path / "run"), "--seeds", "1", "2", "--frames", "5", "--to", str(tmp_path / "w.png")])
    with Image.open(tmp_path / "w.png") as sheet:
        assert sheet.size[0] == 2 * (6 * 17 - 1)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["train", "/no/such/folder"], "/no/such/folder"),
        (["train", "faces", "--image-size", "48"], "image_size=48"),
        (["train", "faces", "--lr-g", "2"], "lr_g=2.0"),
        (["train", "mnist", "--endless"], "--endless with mnist: only drawn faces have no end"),
        (["train", "faces", "--endless", "--n-images", "9"], "--endless with --n-images 9"),
        (["sample", "no-such-run", "--to", "x.png"], "no-such-run"),
    ],
)
def test_bad_input_gives_one_line_that_names_it(command, says, capsys):
    assert main(command) == 2
    err = capsys.readouterr().err
    assert says in err and "Traceback" not in err


def test_every_setting_is_a_flag_that_help_explains(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for cls in (DCGANConfig, TrainConfig):
        for name in field_comments(cls):
            assert "--" + name.replace("_", "-") in text
    assert set(field_comments(TrainConfig)) == set(TrainConfig.__dataclass_fields__)
    assert "one-sided label smoothing" in text


def test_the_list_of_data_sets_names_each_and_says_what_it_costs(capsys):
    assert main(["data", "list"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n{name}" in "\n" + text for name in ("faces", "fashion_mnist", "celeba"))
    assert "nothing to fetch" in text and "any folder of images" in text


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ([], "arguments are required: command"),
        (["trian"], "invalid choice: 'trian'"),
        (["train"], "arguments are required: DATA"),
        (["train", "faces", "--steps", "many"], "argument --steps: invalid int value: 'many'"),
        (["train", "faces", "--log-every", "0"], "argument --log-every: '0': give a whole number of at least 1"),
        (["train", "faces", "--device", "cuda:99"], "argument --device: cuda:99: torch finds none here"),
        (["train", "faces", "--device", "abacus"], "'abacus': no such kind of device; give cpu, cuda"),
        (["sample", "faces64", "--to", "x.txt"], "argument --to: 'x.txt': give a name that ends in .png"),
        (["sample", "faces64", "--to", "no/where/x.png"], "there is no folder no/where"),
        (["runs", "--plot", "x.gif"], "give a name that ends in .png (or .svg, .pdf)"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_one_line(command, says, capsys):
    with pytest.raises(SystemExit) as left:
        main(command)
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert says in err and err.count("\n") == 1 and "--help" in err


def test_without_a_terminal_progress_is_a_line_now_and_then(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bar, "LOG_SECONDS", 0)
    train(photos, tmp_path / "run", 6, "--log-every", "3")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("step ")]
    assert [line.split(":")[0] for line in lines] == ["step 3 of 6", "step 6 of 6"]
    assert all("images/s" in line and line.endswith("left") for line in lines)


def test_a_warning_is_one_line(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("dcgan_lib.training.watch.WARM_UP", 1)
    monkeypatch.setattr("dcgan_lib.training.watch.ALIKE", 9.0)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        train(photos, tmp_path / "run", 2)
    told = [line for line in capsys.readouterr().err.splitlines() if "alike" in line or "Warning" in line]
    assert len(told) == 1 and told[0].startswith("warning: step 1: the samples are alike")
