"""Images in memory, and the order in which an epoch visits them."""

import pytest
import torch

from dcgan_lib.data import Images, batches, to_uint8, to_unit


def some(n=10, nc=3, size=8):
    return torch.randint(0, 256, (n, nc, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def test_black_is_minus_one_and_white_is_one():
    assert to_unit(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1.0, 1.0]


def test_every_pixel_value_survives_the_round_trip():
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(to_unit(values)), values)


def test_values_beyond_the_range_are_clamped_not_wrapped():
    assert to_uint8(torch.tensor([-3.0, 1.2])).tolist() == [0, 255]


def test_pixels_that_are_not_uint8_are_refused_by_name():
    with pytest.raises(TypeError, match=r"float32; already normalised\?"):
        to_unit(torch.zeros(2))
    with pytest.raises(TypeError, match="uint8"):
        to_uint8(torch.zeros(2, dtype=torch.uint8))


def test_a_batch_is_float_in_minus_one_to_one_and_in_the_order_asked_for():
    images = Images("some", some())
    batch = images.batch(torch.tensor([7, 2]))
    assert batch.dtype == torch.float32 and batch.shape == (2, 3, 8, 8)
    assert torch.equal(to_uint8(batch), images.pixels[[7, 2]])


def test_a_subset_keeps_labels_and_attributes_with_their_images():
    images = Images("some", some(), torch.arange(10), attributes={"smile": torch.arange(10) * 0.5})
    part = images.subset([9, 0])
    assert part.labels.tolist() == [9, 0] and part.attributes["smile"].tolist() == [4.5, 0.0]
    assert torch.equal(part.pixels[0], images.pixels[9])


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixels": some()[0]},
        {"pixels": some()[:, :, :4]},
        {"labels": torch.zeros(3, dtype=torch.int64)},
        {"attributes": {"smile": torch.zeros(9)}},
    ],
)
def test_shapes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match="must have the shape"):
        Images("some", **{"pixels": some(), **wrong})


def test_an_epoch_visits_each_image_once_but_for_the_dropped_rest():
    seen = torch.cat(list(batches(23, 5, seed=0, epoch=0)))
    assert len(seen) == 20 and len(seen.unique()) == 20 and set(seen.tolist()) <= set(range(23))


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else():
    def order(seed, epoch):
        return torch.cat(list(batches(50, 5, seed, epoch))).tolist()

    first = order(3, 4)
    torch.manual_seed(99)
    assert order(3, 4) == first
    assert first not in (order(4, 3), order(3, 5), order(4, 4), order(7, 0), order(0, 7))


def test_a_run_that_stopped_goes_on_with_the_batches_that_it_had_not_seen():
    whole = list(batches(50, 8, seed=1, epoch=2))
    rest = list(batches(50, 8, seed=1, epoch=2, start=4))
    assert len(rest) == 2 and all(map(torch.equal, rest, whole[4:]))
    assert list(batches(50, 8, seed=1, epoch=2, start=6)) == []


def test_too_few_images_for_a_batch_names_both_numbers_and_the_remedy():
    with pytest.raises(ValueError, match="7 images are too few for one batch of 8: choose a batch size of at most 7"):
        batches(7, 8, seed=0, epoch=0)


def test_a_start_beyond_the_epoch_is_refused_at_once():
    with pytest.raises(ValueError, match="start must lie in 0…6"):
        batches(50, 8, seed=0, epoch=0, start=7)
