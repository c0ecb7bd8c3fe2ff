"""Experiments run by name, with a small budget here; their records are whole, and what is shown is read from them."""

import json
from statistics import mean

import pytest

from dcgan_lib import experiments
from dcgan_lib.cli import main
from dcgan_lib.experiments import NAMES, arithmetic, experiment
from dcgan_lib.experiments.results import NoResult, keep, reproduce, settings_of, stored


@pytest.fixture(scope="module")
def record():
    return reproduce("arithmetic", "tiny")


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_asks_a_question_names_its_section_and_has_two_budgets(name):
    about = experiment(name)
    assert about.title.endswith("?")
    assert "ection" in about.paper
    assert set(about.budgets) == {"tiny", "full"}
    assert all("seeds" in settings for settings in about.budgets.values())


def test_a_record_says_what_ran_and_can_be_read_again(record, tmp_path):
    keep(record, tmp_path)
    assert stored("arithmetic", tmp_path) == record
    assert {"settings", "hardware", "versions", "date", "seconds", "command"} <= set(record)
    assert record["settings"]["seeds"] == [0]


def test_rates_are_shares_and_averaging_three_beats_one_with_the_norm_restored(record):
    rates = record["result"]["rates"]
    assert all(0 <= rate <= 1 for by_k in rates.values() for seeds in by_k.values() for rate in seeds)
    restored = rates[arithmetic.WAYS[1]]
    assert mean(restored["3"]) > mean(restored["1"])


def test_a_row_states_ours_beside_the_papers(record):
    one, three, *_ = experiment("arithmetic").rows(record["result"])
    assert "single" in one.paper and "three" in three.paper
    assert one.ours.endswith("% with the norm restored")
    assert not one.same


def test_the_same_seed_gives_the_same_numbers(record):
    assert reproduce("arithmetic", "tiny")["result"] == record["result"]


def test_what_does_not_exist_is_named():
    with pytest.raises(ValueError, match="no experiment 'arithmetics': there is arithmetic"):
        experiment("arithmetics")
    with pytest.raises(ValueError, match="budget='huge': choose one of tiny, full"):
        settings_of(experiment("arithmetic"), "huge", {})
    with pytest.raises(ValueError, match="'trails' is no setting of it"):
        settings_of(experiment("arithmetic"), "tiny", {"trails": 3})


def test_a_missing_result_says_what_makes_it(tmp_path):
    with pytest.raises(NoResult, match="make it with  python -m dcgan_lib reproduce arithmetic"):
        stored("arithmetic", tmp_path)


def test_the_command_lists_them_and_writes_a_record(tmp_path, capsys, monkeypatch):
    assert main(["reproduce"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("arithmetic ")
    budget = dict(experiment("arithmetic").budgets["tiny"]) | {"trials": 5}
    monkeypatch.setitem(experiments.experiment("arithmetic").budgets, "tiny", budget)
    assert main(["reproduce", "arithmetic", "--budget", "tiny", "--seeds", "3", "--out", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "arithmetic.json").read_text())
    assert written["settings"]["seeds"] == [3]
    assert "the paper: unstable" in capsys.readouterr().err


def test_a_wrong_name_on_the_command_line_is_explained(capsys):
    assert main(["reproduce", "nothing"]) == 2
    assert "error: no experiment 'nothing'" in capsys.readouterr().err
