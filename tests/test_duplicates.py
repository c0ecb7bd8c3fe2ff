"""Near duplicates by the semantic hash, planted ones, and memorisation."""

import pytest
import torch

from dcgan_lib.data import DrawnFaces
from dcgan_lib.experiments import duplicates as planting
from dcgan_lib.metrics.altered import CHANGES
from dcgan_lib.metrics.duplicates import SemanticHash, first_of_each, hamming, near_duplicates, pixel_rows, train_hash
from dcgan_lib.metrics.memorisation import memorisation, with_copies


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    return DrawnFaces(300, 32, seed=5).images().batch(slice(None))


@pytest.fixture(scope="module")
def model(faces) -> SemanticHash:
    return train_hash(faces, steps=80)


def random_codes(n: int, seed: int = 0, bits: int = 128) -> torch.Tensor:
    return torch.rand(n, bits, generator=torch.Generator().manual_seed(seed)) < 0.5


def test_the_autoencoder_is_the_papers(model):
    assert model.encode.weight.shape == (128, 3072) and model.decode.weight.shape == (3072, 128)
    assert not model.training


def test_training_makes_it_restore_images_better_than_their_mean_does(model, faces):
    rows = pixel_rows(faces)
    with torch.no_grad():
        assert (model(rows) - rows).square().mean() < 0.7 * (rows - rows.mean(0)).square().mean()


def test_codes_are_bits_the_same_for_equal_images_and_for_a_larger_picture_of_them(model, faces):
    codes = model.codes(faces)
    assert codes.shape == (300, 128) and codes.dtype == torch.bool
    large = faces[:20].repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert (hamming(model.codes(large), codes[:20]).diagonal() <= 1).all()


def test_a_noisy_copy_has_a_nearer_code_than_another_face_and_nearer_than_random_weights_give(model, faces):
    noisy = CHANGES["noise"](faces, torch.Generator().manual_seed(0))
    own = hamming(model.codes(noisy), model.codes(faces)).float()
    untrained = train_hash(faces, steps=0)
    random = hamming(untrained.codes(noisy), untrained.codes(faces)).float()
    assert own.diagonal().mean() < own.median() / 5
    assert own.diagonal().mean() < 0.7 * random.diagonal().mean()


def test_the_same_seed_gives_the_same_hash_and_leaves_the_global_one_alone(faces):
    before = torch.random.get_rng_state()
    a, b, c = (train_hash(faces, steps=3, seed=seed).encode.weight for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_hamming_distances_are_counted_bits():
    a, b = random_codes(9), random_codes(7, seed=1)
    assert torch.equal(hamming(a, b).long(), (a[:, None] != b[None]).sum(2))


@pytest.mark.parametrize("distance", [0, 2])
def test_near_duplicates_are_all_pairs_within_the_distance_in_blocks_too(distance):
    codes = random_codes(30)
    codes[20], codes[25] = codes[3], codes[3]
    codes[11] = codes[4]
    codes[11, :2] ^= True
    expected = [(i, j) for i in range(30) for j in range(i + 1, 30) if (codes[i] != codes[j]).sum() <= distance]
    assert [tuple(pair) for pair in near_duplicates(codes, distance, block=8).tolist()] == expected
    assert len(expected) == (3 if distance == 0 else 4)
    stays = first_of_each(codes, distance)
    assert (~stays).nonzero()[:, 0].tolist() == ([20, 25] if distance == 0 else [11, 20, 25])


def test_no_pair_is_an_empty_list():
    assert near_duplicates(random_codes(5)).shape == (0, 2)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_planted_copy_is_another_image_in_the_same_range_and_near_its_own(kind, faces):
    changed = CHANGES[kind](faces[:40], torch.Generator().manual_seed(1))
    assert changed.shape == (40, 3, 32, 32) and changed.abs().max() <= 1
    assert ((changed - faces[:40]).abs().flatten(1).amax(1) > 0).all()
    apart = torch.cdist(changed.flatten(1), faces[:40].flatten(1))
    assert apart.diagonal().median() < apart.median()


def test_the_distance_is_the_largest_that_keeps_false_pairs_rare():
    # faces 0..3; copies 4 and 5 of faces 0 and 1; the pair (2, 3) is false
    distances = torch.full((6, 6), 50)
    for i, j, d in ((0, 4, 2), (1, 5, 9), (2, 3, 5)):
        distances[i, j] = distances[j, i] = d
    assert planting.threshold(distances, 4, false_share=0.2) == 2
    assert planting.threshold(distances, 4, false_share=0.5) == 9
    distances[2, 3] = distances[3, 2] = 1
    assert planting.threshold(distances, 4, false_share=0.2) == -1


def test_small_images_and_tables_cannot_be_hashed(model):
    with pytest.raises(ValueError, match=r"\(2, 3, 28, 28\).*32 or more"):
        model.codes(torch.zeros(2, 3, 28, 28))


# --- memorisation ---


def rows(n: int, seed: int) -> torch.Tensor:
    return torch.rand(n, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_fresh_samples_prefer_neither_pool_and_copies_prefer_the_training_images():
    training, held_out, fakes = rows(800, 0), rows(800, 1), rows(400, 2)
    honest = memorisation(fakes, training, held_out)
    assert abs(honest.surplus) < 2.5
    assert honest.closer.interval[0] < honest.quantile < honest.closer.interval[1] + 0.02
    caught = memorisation(with_copies(fakes, training, 0.3, noise=0.05), training, held_out)
    assert caught.surplus > 3 and caught.closer.share > 0.25


def test_soft_fakes_are_close_to_all_and_prefer_neither():
    training, held_out, fakes = rows(800, 0), rows(800, 1), 0.4 * rows(400, 2)
    found = memorisation(fakes, training, held_out)
    assert found.closer.share > 2 * found.quantile
    assert found.fake_median < found.held_out_median
    assert abs(found.surplus) < 2.5


def test_the_uncertainty_of_the_preference_counts_nearest_images_that_fakes_share():
    pools = [rows(400, seed) for seed in range(60)]
    soft = [0.4 * rows(200, 100 + seed) for seed in range(30)]
    found = [memorisation(x, *pools[2 * i : 2 * i + 2]) for i, x in enumerate(soft)]
    assert max(x.independent for x in found) < 150
    surplus = torch.tensor([x.surplus for x in found])
    assert 0.7 < surplus.std() < 1.4 and abs(surplus.mean()) < 0.6


def test_copies_replace_the_share_that_was_asked_for():
    fakes, training = rows(50, 0), rows(60, 1)
    mixed = with_copies(fakes, training, 0.2, noise=0)
    assert torch.equal(mixed[10:], fakes[10:])
    assert all((training == row).all(1).any() for row in mixed[:10])


def test_pools_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="60 training and 50 held-out"):
        memorisation(rows(5, 0), rows(60, 1), rows(50, 2))
