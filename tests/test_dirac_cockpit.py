"""DiracCockpit: its traits, and what it computes with dcgan_lib.theory, without a browser."""

import math

import pytest
import torch
import traitlets

from dcgan_lib import theory
from dcgan_lib.theory.dirac import DiracGame
from dcgan_lib.widgets import DiracCockpit


def test_it_opens_spiralling_out():
    cockpit = DiracCockpit()
    assert (cockpit.method, cockpit.h) == ("simultaneous", 0.3)
    assert cockpit.trajectory.norm(dim=1).diff().min() > 0
    assert cockpit.radius_per_step["predicted"] == pytest.approx(math.sqrt(1 + 0.3**2 / 4))


def test_its_path_is_the_librarys():
    cockpit = DiracCockpit(game="non_saturating", method="alternating", momentum=-0.4, gamma=0.3, noise=0.6, steps=30)
    game = DiracGame("non_saturating", r1=0.3, noise=0.6)
    expected = theory.trajectory(game, (0.5, 0.0), 0.3, 30, "alternating", -0.4)
    torch.testing.assert_close(cockpit.trajectory, expected)
    assert cockpit.eigenvalues.shape == (4,)


def test_what_is_measured_near_rest_is_what_is_predicted():
    for settings in ({}, {"gamma": 0.4}, {"method": "alternating", "momentum": -0.5, "h": 1.5}, {"noise": 1.2}):
        factors = DiracCockpit(**settings).radius_per_step
        assert factors["near_rest"] == pytest.approx(factors["predicted"], rel=5e-4)


def test_the_mean_along_the_path_is_the_paths():
    cockpit = DiracCockpit(gamma=0.2, steps=40)
    first, last = cockpit.trajectory[[0, -1]].norm(dim=1)
    assert cockpit.radius_per_step["path"] ** 40 * first.item() == pytest.approx(last.item())
    assert math.isnan(DiracCockpit(start=[0, 0]).radius_per_step["path"])


def test_clipping_is_for_the_wasserstein_game_only():
    assert DiracCockpit(clip=0.5).dirac_game.clip == math.inf
    assert DiracCockpit(game="wasserstein").dirac_game.clip == math.inf
    clipped = DiracCockpit(game="wasserstein", clip=0.5, h=0.5)
    assert clipped.trajectory[1:, 1].abs().max() == 0.5


def test_a_path_that_leaves_ends():
    cockpit = DiracCockpit(game="wasserstein", h=5.0, steps=400)
    assert len(cockpit.trajectory) < 20 and cockpit.trajectory.isfinite().all()


@pytest.mark.parametrize(
    "trait, value",
    [
        ("method", "together"),
        ("game", "hinge"),
        ("h", 0.0),
        ("momentum", 1.5),
        ("noise", -1),
        ("gamma", 3.5),
        ("clip", 7),
        ("steps", 401),
    ],
)
def test_what_it_cannot_play_is_refused_by_name(trait, value):
    with pytest.raises(traitlets.TraitError, match=f"(?=.*{trait})(?=.*{value})"):
        DiracCockpit(**{trait: value})


@pytest.mark.parametrize("start", [[3.0, 0.0], [0.1, -2.6], [float("nan"), 0.0], [1.0]])
def test_a_start_outside_the_plane_is_refused(start):
    with pytest.raises(traitlets.TraitError, match="start"):
        DiracCockpit(start=start)


def test_a_refused_value_leaves_the_old_one():
    cockpit = DiracCockpit()
    with pytest.raises(traitlets.TraitError):
        cockpit.h = 9
    assert cockpit.h == 0.3


def test_it_describes_itself_in_a_line():
    assert repr(DiracCockpit()) == (
        "DiracCockpit(saturating, simultaneous, h 0.3: radius per step x 1.0112, measured 1.0112)"
    )


def test_it_stands_still_where_scripts_are_off():
    cockpit = DiracCockpit(steps=40)
    assert cockpit.said == (
        "The smallest GAN on the plane of its two numbers: 40 simultaneous steps of size 0.3 lead from a distance of "
        f"0.5 from rest to {cockpit.trajectory[-1].norm():.3g}. Near rest the largest eigenvalue of a step has modulus "
        "1.0112."
    )
    assert cockpit.still().width > 600
    assert DiracCockpit(game="wasserstein", h=5.0, momentum=0.5).still().width > 600  # flies off


def test_it_is_light():
    assert len((DiracCockpit._esm + DiracCockpit._css).encode()) <= 46_080
