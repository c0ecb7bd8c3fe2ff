"""What a linear classifier finds in features: the recipe of the paper's sections 5.1 and 5.2, and its baselines."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC
from torch import nn

from dcgan_lib import probes
from dcgan_lib.config import DCGANConfig
from dcgan_lib.data.images import Images
from dcgan_lib.models import Discriminator
from dcgan_lib.probes import linear
from dcgan_lib.probes.kmeans import _patches, normalised

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)


def images(n=64, seed=0, nc=1, size=16):
    rng = torch.Generator().manual_seed(seed)
    return Images("noise", torch.randint(0, 256, (n, nc, size, size), generator=rng, dtype=torch.uint8))


def striped(n, seed):
    """Two classes: stripes that lie, stripes that stand, under noise."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    wave = ((torch.arange(16) + torch.randint(0, 4, (n, 1), generator=rng)) // 2 % 2 * 200).byte()
    standing = wave[:, None, :].expand(n, 16, 16)
    pixels = torch.where(labels[:, None, None] == 1, standing, standing.transpose(1, 2))
    noise = torch.randint(0, 50, pixels.shape, generator=rng, dtype=torch.uint8)
    return Images("stripes", (pixels + noise)[:, None], labels)


def blobs(n, d, classes, seed=0, apart=0.6):
    rng = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=rng)
    centres = torch.randn(classes, d, generator=torch.Generator().manual_seed(99)) * apart
    return centres[y] + torch.randn(n, d, generator=rng), y


class Paper(nn.Module):
    """The widths of section 5.1's network: 128, 128, 256, 256, 512, 512."""

    def __init__(self):
        super().__init__()
        widths = (3, 128, 128, 256, 256, 512, 512)
        strides = (2, 1, 2, 1, 2, 1)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, s, 1) for a, b, s in zip(widths, widths[1:], strides))

    def features(self, x):
        maps = [x]
        for layer in self.layers:
            maps.append(layer(maps[-1]).relu())
        return [*maps[1:], maps[-1].mean((1, 2, 3))]


# --- features ---


def test_the_papers_network_gives_28672_features():
    assert probes.feature_count((128, 128, 256, 256, 512, 512), (16, 16, 8, 8, 4, 4)) == 28_672
    assert probes.d_features(Paper(), torch.rand(1, 3, 32, 32)).shape == (1, 28_672)


def test_features_are_maxima_over_the_cells_of_a_grid_after_the_activation_layer_by_layer():
    D = probes.random_d(TINY, 0)
    x = torch.rand(3, 1, 16, 16) * 2 - 1
    first, second, _ = D.features(x)
    found = probes.d_features(D, x)
    assert found.shape == (3, 4 * 16 + 8 * 16) and found.dtype == torch.float32
    assert found[1, 0] == first[1, 0, :2, :2].max() and found[1, 63] == first[1, 3, 6:, 6:].max()
    assert torch.equal(found[2, 64:], second[2].flatten())


def test_a_layer_smaller_than_the_grid_stays_as_it_is():
    D = probes.random_d(TINY, 0)
    assert probes.d_features(D, torch.rand(2, 1, 16, 16), side=6).shape == (2, probes.feature_count((4, 8), (8, 4), 6))


def test_features_do_not_depend_on_the_batch_and_leave_the_network_as_it_was():
    D = probes.random_d(TINY, 0).train()
    x, before = torch.rand(7, 1, 16, 16), [b.clone() for b in D.buffers()]
    torch.testing.assert_close(probes.d_features(D, x, batch=3), probes.d_features(D, x))
    assert D.training and all(torch.equal(a, b) for a, b in zip(before, D.buffers()))


def test_no_images_and_no_grid_are_refused():
    with pytest.raises(ValueError, match="side=0, 1 images: give a grid of at least 1"):
        probes.d_features(probes.random_d(TINY, 0), torch.rand(1, 1, 16, 16), side=0)


def test_a_settled_network_has_the_statistics_of_the_images_and_the_old_one_its_own():
    D, some = probes.random_d(TINY, 0), images(256)
    for block in D.blocks:
        block[0].weight.data *= 10  # so few maps say so little that batch norm's eps would count
    settled = probes.settled(D, some)
    maps = settled.blocks[1][:2](settled.blocks[0](some.batch(slice(None))))  # behind batch norm
    norm = settled.blocks[1][1]
    maps = (maps - norm.bias[:, None, None]) / norm.weight[:, None, None]
    assert maps.mean((0, 2, 3)).abs().max() < 1e-3 and (maps.std((0, 2, 3)) - 1).abs().max() < 0.02
    assert not settled.training and torch.equal(D.blocks[1][1].running_mean, torch.zeros(8))


def test_a_random_network_is_a_function_of_its_seed_and_disturbs_no_other_draw():
    torch.manual_seed(5)
    want = torch.rand(1)
    torch.manual_seed(5)
    a, b, c = (probes.random_d(TINY, seed).blocks[0][0].weight for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), want) and torch.equal(a, b) and not torch.equal(a, c)


# --- linear ---


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("n", "d"), [(200, 30), (40, 90)])
@pytest.mark.parametrize("c", [1e-3, 0.1])
def test_the_svm_has_the_weights_and_biases_of_liblinear(n, d, c):
    x, y = blobs(n, d, 4)
    ours = linear.Rows(x).svm(linear.signs(y, 4), [1e-4, c], tol=1e-5)[1]
    theirs = LinearSVC(C=c, tol=1e-8, max_iter=200_000).fit(x.double().numpy(), y.numpy())
    torch.testing.assert_close(ours[:-1].T.double(), torch.from_numpy(theirs.coef_), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(ours[-1].double(), torch.from_numpy(theirs.intercept_), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("n", "d"), [(150, 20), (40, 90)])
def test_the_ridge_has_the_weights_of_scikit_learn(n, d):
    x, y = blobs(n, d, 3)[0], torch.randn(n, 2) + 3
    ours = linear.Rows(x).ridge(y, [0.01])[0]
    wide = torch.cat([x, torch.ones(n, 1)], 1).double()
    size = (wide - wide.mean(0)).square().sum() / n
    theirs = Ridge(alpha=0.01 * float(size)).fit(x.double().numpy(), y.double().numpy())
    torch.testing.assert_close(ours[:-1].T.double(), torch.from_numpy(theirs.coef_), atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(ours[-1].numpy(), theirs.intercept_, rtol=1e-3)


def test_a_row_that_is_unknown_counts_for_nothing():
    x, y = blobs(80, 10, 2)
    y[60:] = -1
    whole = linear.Rows(x).svm(linear.signs(y, 2), [0.1], tol=1e-5)[0]
    part = linear.Rows(x[:60]).svm(linear.signs(y[:60], 2), [0.1], tol=1e-5)[0]
    torch.testing.assert_close(whole, part, atol=1e-4, rtol=1e-3)


def test_c_is_what_does_best_on_the_validation_split():
    (x, y), (vx, vy), (tx, ty) = (blobs(n, 60, 2, seed, apart=0.2) for seed, n in enumerate((60, 400, 400)))
    found, c = linear.linear_svm(x, y, vx, vy, tx, (1e-5, 1e-3, 10.0))
    right = {}
    for one in (1e-5, 1e-3, 10.0):
        model = LinearSVC(C=one, tol=1e-6, max_iter=100_000).fit(x.numpy(), y.numpy())
        right[one] = model.score(vx.numpy(), vy.numpy())
    assert c == max(right, key=right.get)
    assert (found == ty).float().mean() > 0.7


def test_one_class_and_a_negative_c_are_refused():
    x, y = blobs(20, 4, 2)
    with pytest.raises(ValueError, match="all 20 labels are of class 1"):
        linear.linear_svm(x, torch.ones(20, dtype=torch.long), x, y, x)
    with pytest.raises(ValueError, match=r"candidates=\(-1,\): give positive"):
        linear.linear_svm(x, y, x, y, x, (-1,))


# --- k-means ---


def test_patches_are_those_that_the_features_see():
    some = images(1, nc=3)
    rng = torch.Generator().manual_seed(0)
    patch = _patches(some, 16, 1, rng)
    torch.testing.assert_close(patch, torch.nn.functional.unfold(some.batch([0]), 16).transpose(1, 2)[0])


def test_the_features_of_k_means_are_triangles_summed_over_four_quadrants():
    some = images(40, size=12)
    fitted = probes.kmeans_features(some, k=5, size=6, patches=300, n=40)
    x = some.batch([3])
    white = (normalised(nn.functional.unfold(x, 6).transpose(1, 2)[0]) - fitted.mean) @ fitted.whiten
    far = torch.stack([(white - c).norm(dim=1) for c in fitted.centroids], 1).view(7, 7, 5)
    near = (far.mean(2, keepdim=True) - far).clamp(min=0)
    upper_right = near[:4, 4:].sum((0, 1))
    found = fitted(x)[0] * fitted.scale + fitted.centre
    torch.testing.assert_close(found[5:10], upper_right, atol=1e-3, rtol=1e-3)
    assert fitted(some.batch(slice(None))).mean().abs() < 1e-3  # standardised


def test_whitening_brings_every_direction_to_the_same_variance_but_the_faint_ones():
    some = striped(60, 0)
    fitted = probes.kmeans_features(some, k=5, size=4, patches=2000, n=20)
    patches = normalised(_patches(some, 4, 2000, torch.Generator().manual_seed(0)))
    before = torch.linalg.eigvalsh(patches.T.cov())
    after = torch.linalg.eigvalsh(((patches - fitted.mean) @ fitted.whiten).T.cov())
    torch.testing.assert_close(after, (before / (before + 0.1)).sort().values, atol=1e-3, rtol=1e-3)


def test_a_patch_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match="size=17, patches=50, k=4: patches fit 16 pixels"):
        probes.kmeans_features(images(4), k=4, size=17, patches=50)


# --- the recipe ---


@pytest.fixture(scope="module")
def pool():
    return probes.Pool(striped(200, 0), striped(100, 1), striped(100, 2))


def test_patches_find_stripes_where_pixels_do_not(pool):
    kmeans = probes.kmeans_features(pool.train, k=16, size=6, patches=2000, n=100)
    found = [probes.probe(f, pool, n_labels=(20,), draws=3)["class"]["20"] for f in (kmeans, probes.pixels)]
    assert min(found[0]["scores"]) > 0.9 > 0.7 > sum(found[1]["scores"]) / 3
    assert found[0]["n_test"] == 100 and len(found[0]["scores"]) == 3


def test_draws_have_as_many_of_each_class_and_their_seeds_decide_them(pool):
    asked = [probes.recipe._Asked("class", *(part.labels for part in (pool.train, pool.valid, pool.test)))]
    a, b, c = (probes.recipe.draw(asked, 20, seed) for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert pool.train.labels[a].bincount().tolist() == [10, 10]


def test_flags_categories_and_numbers_are_asked_together_and_unknowns_are_left_out(pool):
    def labels(some):
        brightness = some.pixels[:, 0, :2, :2].float().mean((1, 2)) / 255
        partly = torch.where(torch.arange(len(some)) % 4 < 2, some.labels, -1)
        return {"flag": some.labels == 1, "partly": partly, "brightness": brightness}

    found = probes.probe(probes.pixels, pool, labels, n_labels=(50, None), draws=2)
    assert found["brightness"]["all"]["scores"][0] > 0.9  # a sum of pixels
    assert found["partly"]["50"]["n_test"] == 50 and len(found["flag"]["all"]["scores"]) == 1


def test_the_setting_is_chosen_without_a_look_at_the_test_part(pool):
    wrong = dataclasses.replace(pool.test, labels=1 - pool.test.labels)
    found = [
        probes.probe(probes.pixels, p, n_labels=(60,), draws=2) for p in (pool, dataclasses.replace(pool, test=wrong))
    ]
    a, b = (one["class"]["60"] for one in found)
    assert a["setting"] == b["setting"]
    assert a["scores"] == pytest.approx([1 - s for s in b["scores"]])


def test_too_many_labels_are_refused(pool):
    with pytest.raises(ValueError, match="n_labels=500: there are 200 images"):
        probes.probe(probes.pixels, pool, n_labels=(500,))
    few = dataclasses.replace(pool, train=pool.train.subset(torch.cat([torch.arange(0, 200, 2), torch.tensor([1])])))
    with pytest.raises(ValueError, match="n_labels=20: the smallest of 2 classes has 1 images"):
        probes.probe(probes.pixels, few, n_labels=(20,))


def test_a_pool_of_drawn_faces_has_three_parts_that_share_none():
    pool = probes.published("faces", 16, 1, valid=5, train=10, test=7)
    assert [len(part) for part in (pool.train, pool.valid, pool.test)] == [10, 5, 7]
    skins = torch.cat([part.attributes["skin"] for part in (pool.train, pool.valid, pool.test)])
    assert len(skins.unique()) == 22


def test_the_validation_part_of_a_folder_is_taken_from_its_training_split(tmp_path):
    from PIL import Image

    for split, value in (("train", 10), ("test", 200)):
        for label in "ab":
            (tmp_path / split / label).mkdir(parents=True)
            for k in range(4):
                Image.new("L", (16, 16), value + k).save(tmp_path / split / label / f"{k}.png")
    pool = probes.published(tmp_path, 16, 1, valid=3)
    assert [len(part) for part in (pool.train, pool.valid, pool.test)] == [5, 3, 8]
    assert pool.valid.pixels.max() < 100 < pool.test.pixels.min()
    with pytest.raises(ValueError, match=r"train=6, valid=3: .* has 8 images to learn from"):
        probes.published(tmp_path, 16, 1, valid=3, train=6)


def test_the_recipe_runs_on_a_discriminator(pool):
    D = Discriminator(TINY).eval()
    found = probes.probe(probes.of_d(D, pool.train), pool, n_labels=(100,), draws=1)
    assert found["class"]["100"]["scores"][0] > 0.8
