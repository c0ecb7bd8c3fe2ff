"""A run's history: JSON lines that a killed run cannot spoil."""

import dataclasses
import json
import resource

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, history, train

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=12, batch_size=8)
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def lines(path, *entries):
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def test_a_run_writes_its_configuration_first_and_then_its_steps(tmp_path):
    list(train(Trainer(TINY, RUN, "cpu"), NOISE, tmp_path, log_every=5))
    head, entries = history.read(tmp_path / "history.jsonl")
    assert head["model"] == dataclasses.asdict(TINY)
    assert head["train"] == dataclasses.asdict(RUN)
    assert (head["data"]["name"], head["data"]["images"]) == ("noise", 50)
    assert {"torch", "python", "dcgan_lib"} <= head["versions"].keys()
    assert [entry["step"] for entry in entries] == [1, 5, 10, 12]


def test_the_history_says_what_the_steps_said(tmp_path):
    said = [stats.numbers() for stats in train(Trainer(TINY, RUN, "cpu"), NOISE, tmp_path, log_every=1)]
    assert history.read(tmp_path / "history.jsonl")[1] == said


def test_a_later_entry_of_a_step_stands(tmp_path):
    path = lines(tmp_path / "h", {"model": {}}, {"step": 1, "v": 1}, {"step": 2, "v": 1}, {"step": 2, "v": 9})
    assert history.read(path)[1] == [{"step": 1, "v": 1}, {"step": 2, "v": 9}]


def test_a_half_written_last_line_is_left_out(tmp_path):
    path = lines(tmp_path / "h", {"model": {}}, {"step": 1})
    path.write_text(path.read_text() + '{"step": 2, "lo')
    assert history.read(path)[1] == [{"step": 1}]


def test_a_run_that_goes_on_mends_a_half_written_line_before_it_appends(tmp_path):
    list(train(Trainer(TINY, RUN, "cpu"), NOISE, tmp_path, log_every=1))
    path = tmp_path / "history.jsonl"
    path.write_text(path.read_text()[:-20])
    list(train(Trainer(TINY, dataclasses.replace(RUN, steps=14), "cpu"), NOISE, tmp_path, log_every=1))
    assert [entry["step"] for entry in history.read(path)[1]] == list(range(1, 15))
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_what_was_written_after_the_checkpoint_is_cut_before_it_is_written_again(tmp_path):
    path = lines(tmp_path / "h", {"model": {}}, {"step": 4}, {"look": {"step": 4}}, {"step": 5}, {"look": {"step": 6}})
    path.write_text(path.read_text() + '{"step": 7, "lo')
    history.cut(path, 4)
    assert history.read_lines(path) == [{"model": {}}, {"step": 4}, {"look": {"step": 4}}]
    history.cut(path, 4, lines=2)
    assert history.read_lines(path) == [{"model": {}}, {"step": 4}] and history.length(path) == 2


def test_a_line_that_does_not_fit_on_the_disk_leaves_the_file_as_it_was(tmp_path):
    path = lines(tmp_path / "h", {"model": {}}, {"step": 1})
    whole, (soft, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 5, hard))
    try:
        with pytest.raises(history.WriteError, match=r"h: a line could not be written \(File too large\)"):
            history.append(path, {"step": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == whole


def test_a_broken_line_in_the_middle_is_an_error_with_its_number(tmp_path):
    path = lines(tmp_path / "h", {"model": {}}, {"step": 1}, {"step": 2})
    path.write_text(path.read_text().replace('{"step": 1}', '{"step": 1'))
    with pytest.raises(ValueError, match=r"h, line 2: not JSON"):
        history.read(path)


def test_an_empty_history_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="the history is empty"):
        history.read(lines(tmp_path / "h"))


def test_columns_turn_entries_on_their_side():
    assert history.columns([{"step": 1, "v": 5}, {"step": 2, "v": 6}]) == {"step": [1, 2], "v": [5, 6]}
    assert history.columns([]) == {}
