"""The checker of exercises."""

import torch

from dcgan_lib.exercises import try_on

SQUARES = [((2.0,), 4.0), ((-3.0,), 9.0)]


def test_a_right_answer_is_praised_with_the_number_of_cases(capsys):
    assert try_on(lambda x: x * x, SQUARES, right="Well seen.")
    assert capsys.readouterr().out == "Right in all 2 cases. Well seen.\n"


def test_a_stub_is_not_a_mistake(capsys):
    for stub in (lambda x: ..., lambda x: None):
        assert not try_on(stub, SQUARES)
        assert "Not filled in yet" in capsys.readouterr().out


def test_a_wrong_answer_names_the_case_and_gives_the_hint(capsys):
    assert not try_on(lambda x: 2 * x, SQUARES, hint="A square is never negative.")
    out = capsys.readouterr().out
    assert "for -3 it gives -6, expected 9" in out and "never negative" in out


def test_an_answer_of_another_shape_is_told_so(capsys):
    assert not try_on(lambda x: torch.ones(2), SQUARES)
    assert "shape (2,), it should be ()" in capsys.readouterr().out


def test_an_answer_that_raises_does_not_stop_the_run(capsys):
    assert not try_on(lambda x: x / 0, SQUARES)
    assert "stops with ZeroDivisionError" in capsys.readouterr().out


def test_tensors_are_compared_number_by_number_within_the_tolerance(capsys):
    cases = [((torch.tensor([1.0, 2.0]),), torch.tensor([1.0, 4.0]))]
    assert try_on(lambda x: x**2 + 1e-6, cases)
    assert not try_on(lambda x: x**2 + 0.01, cases)
    assert "for [1, 2] it gives [1.01, 4.01]" in capsys.readouterr().out
