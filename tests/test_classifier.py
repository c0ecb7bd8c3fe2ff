"""The classifier of Fashion-MNIST, whose features measure fakes of it."""

import pytest
import torch

from dcgan_lib import pretrained
from dcgan_lib.data import Images
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.classifier import WEIGHTS, Classifier, load_classifier, save
from dcgan_lib.metrics.coverage import modes
from dcgan_lib.metrics.train_classifier import accuracy, train
from dcgan_lib.pretrained import PretrainedError, shipped


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier()


@pytest.fixture(scope="module")
def fakes() -> torch.Tensor:
    pair = pretrained.load("fashion32")
    with torch.no_grad():
        return pair.G(sample_z(300, pair.cfg, seed=1))


def squares(n: int) -> Images:
    """A stand-in for clothes: class k has its bright square in another place."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (n,), generator=rng)
    pixels = torch.randint(0, 60, (n, 1, 32, 32), generator=rng, dtype=torch.uint8)
    for image, k in zip(pixels, labels.tolist()):
        y, x = 4 + 12 * (k // 5), 4 + 5 * (k % 5)
        image[:, y : y + 6, x : x + 4] = 250
    return Images("squares", pixels, labels, tuple("abcdefghij"))


def test_it_learns_what_it_is_shown_and_the_seed_decides():
    images = squares(640)
    first, again = (train(images, epochs=3, seed=1) for _ in range(2))
    assert accuracy(first, images) > 0.9
    assert torch.equal(first.head.weight, again.head.weight)


def test_the_shipped_one_is_small_and_states_its_accuracy_on_the_test_split(classifier):
    assert (shipped() / "fashion_classifier" / WEIGHTS).stat().st_size < 300_000
    assert classifier.record["test"]["n"] == 10_000
    assert classifier.record["test"]["accuracy"] > 0.88
    assert {"command", "data", "run", "hardware", "versions", "sha256"} <= set(classifier.record)


def test_it_sees_all_ten_kinds_of_clothes_among_the_fakes_and_one_among_copies(classifier, fakes):
    assert modes(classifier.labels(fakes), 10, least=3).seen == 10
    assert modes(classifier.labels(fakes[:1].expand(50, -1, -1, -1)), 10).seen == 1


def test_features_are_64_numbers_and_do_not_depend_on_the_batch(classifier, fakes):
    features = classifier.features(fakes[:9])
    assert features.shape == (9, 64) and (features >= 0).all()
    torch.testing.assert_close(classifier.features(fakes[:9], batch=4), features, atol=1e-5, rtol=1e-4)


def test_what_was_saved_is_loaded_and_a_flipped_bit_is_noticed(tmp_path):
    fresh = Classifier().eval()
    folder = save(fresh, tmp_path / "mine", {"what": "a test"})
    images = torch.rand(3, 1, 32, 32) * 2 - 1
    torch.testing.assert_close(load_classifier(folder).features(images), fresh.features(images), atol=2e-2, rtol=2e-2)
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(PretrainedError, match="its checksum is"):
        load_classifier(folder)


def test_a_missing_one_says_what_makes_it_and_colour_is_refused(tmp_path, classifier):
    with pytest.raises(FileNotFoundError, match="train_classifier --out"):
        load_classifier(tmp_path)
    with pytest.raises(ValueError, match=r"\(2, 3, 32, 32\)"):
        classifier(torch.zeros(2, 3, 32, 32))
