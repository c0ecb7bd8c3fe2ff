"""The reader of drawn faces, variety, neighbours, success rates, arithmetic."""

import math

import pytest
import torch

from dcgan_lib.data.faces import ATTRIBUTES, attributes, draw, face
from dcgan_lib.data.images import to_unit
from dcgan_lib.metrics import arithmetic, diversity, neighbours, rates, train_reader
from dcgan_lib.metrics import attributes as reading
from dcgan_lib.metrics.attributes import COLUMNS, FaceReader, as_table, load_reader
from dcgan_lib.pretrained import shipped


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return load_reader()


# --- the reader ---


def test_the_reader_reads_faces_that_it_has_not_seen(reader):
    images, known = train_reader.held_out(300, seed=5)
    merit = train_reader.merit(reader, images, known)
    assert min(merit[name] for name in ("glasses", "hair_style", "hair_colour", "smile", "turn", "skin")) > 0.9, merit


def test_the_figures_kept_with_the_reader_are_those_it_reaches(reader):
    said = reader.record["held_out"]["sharp"]
    found = train_reader.merit(reader, *train_reader.held_out(600))
    for name, value in said.items():
        assert found[name] == pytest.approx(value, abs=0.05), name


def test_readings_have_the_names_and_types_of_the_drawn_attributes(reader):
    known = attributes(0, torch.arange(4))
    found = reader.read(to_unit(draw(known, 64, 3)))
    for name, values in found.items():
        assert values.dtype == known[name].dtype and values.shape == known[name].shape, name
    assert (found["background"] >= 0).all() and (found["background"] < 1).all()


def test_a_change_of_one_attribute_is_read_and_the_others_stay(reader):
    pair = to_unit(draw(face(smile=[-0.8, 0.8], hair_style="bob"), 64, 3))
    before, after = reader.table(pair)
    change = dict(zip(COLUMNS, (after - before).tolist(), strict=True))
    assert change.pop("smile") > 1.2
    assert max(map(abs, change.values())) < 0.3, change


def test_the_reader_sees_the_same_at_half_the_size(reader):
    known = attributes(3, torch.arange(100))
    small, large = (reader.read(to_unit(draw(known, size, 3))) for size in (32, 64))
    assert (small["glasses"] == large["glasses"]).float().mean() > 0.95
    assert (small["turn"] - large["turn"]).abs().mean() < 0.15


def test_the_shipped_reader_is_small_and_says_how_it_was_made(reader):
    assert (shipped() / "face_reader" / "reader.safetensors").stat().st_size < 500_000
    assert {"held_out", "data", "run", "command", "hardware", "versions"} <= set(reader.record)


def test_a_table_of_known_attributes_has_the_readers_columns():
    known = face(glasses=[True, False], hair_style=["long", "curly"], hair_colour=["black", "grey"], smile=[-0.5, 1])
    table = dict(zip(COLUMNS, as_table(known).T.tolist(), strict=True))
    assert table["glasses"] == [1, 0] and table["long_hair"] == [1, 0] and table["dark_hair"] == [1, 0]
    assert table["smile"] == pytest.approx([-0.5, 1])


def test_one_image_is_read_as_it_is_in_a_batch_and_the_mode_is_kept():
    torch.manual_seed(0)
    fresh = FaceReader().train()
    images = torch.rand(5, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(fresh.table(images)[2:3], fresh.table(images[2:3]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(fresh.table(images, batch=2), fresh.table(images), atol=1e-5, rtol=1e-4)
    assert fresh.training


def test_scaling_a_number_and_back_changes_nothing():
    for name in reading.NUMBERS:
        values = torch.linspace(ATTRIBUTES[name].low, ATTRIBUTES[name].high, 7)
        assert reading.scale(name, values).abs().max() <= 1 + 1e-6
        torch.testing.assert_close(reading.unscale(name, reading.scale(name, values)), values)


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 1, 64, 64\).*colour"):
        FaceReader().read(torch.zeros(2, 1, 64, 64))


def test_a_missing_reader_is_answered_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"metrics[.]train_reader --out"):
        load_reader(tmp_path)


def test_a_saved_reader_comes_back(tmp_path):
    torch.manual_seed(0)
    fresh = FaceReader().eval()
    reading.save(fresh, tmp_path, {"run": 1})
    back, images = load_reader(tmp_path), torch.rand(2, 3, 64, 64)
    assert back.record == {"run": 1}
    torch.testing.assert_close(back.table(images), fresh.table(images), atol=0.01, rtol=0.01)  # half precision


def test_training_lowers_the_loss_and_is_the_same_each_time():
    first = [value for _, value, _ in train_reader.train(12, batch_size=16, seed=1)]
    again = [value for _, value, _ in train_reader.train(12, batch_size=16, seed=1)]
    assert first == pytest.approx(again, rel=1e-4)
    assert sum(first[-3:]) < sum(first[:3])


def test_degraded_images_are_softer_and_stay_in_range():
    images = to_unit(draw(attributes(0, torch.arange(8)), 64, 3))
    soft = train_reader.degrade(images, rng())
    assert soft.shape == images.shape and soft.abs().max() <= 1
    torch.testing.assert_close(train_reader.degrade(images, rng()), soft)
    still = train_reader.degrade(images, rng(), strength=0.0)
    assert (still - images).abs().mean() < (soft - images).abs().mean()


def test_each_image_is_shifted_by_itself_and_its_edge_repeated():
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    moved = train_reader._shift(image.expand(2, 1, 3, 3), torch.tensor([[1, 0], [0, -1]]))
    assert moved[0, 0].tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5]]  # down
    assert moved[1, 0].tolist() == [[1, 2, 2], [4, 5, 5], [7, 8, 8]]  # to the left


def test_a_perfect_reading_has_full_merit_and_a_constant_one_none():
    known = attributes(0, torch.arange(400))

    class Echo:
        def __init__(self, found):
            self.found = found

        def read(self, images):
            return self.found

    assert set(train_reader.merit(Echo(known), None, known).values()) == {1.0}
    means = {name: values.float().mean().expand(400) for name, values in known.items()}
    assert train_reader.merit(Echo(known | {"smile": means["smile"]}), None, known)["smile"] == pytest.approx(
        0, abs=1e-3
    )


# --- neighbours ---


def test_the_nearest_are_those_that_an_exhaustive_search_finds():
    queries, pool = torch.randn(7, 5, generator=rng()), torch.randn(50, 5, generator=rng(1))
    found = neighbours.nearest(queries, pool, k=3, chunk=8)
    apart = (queries[:, None] - pool[None]).norm(dim=2)
    wanted = apart.sort(dim=1)
    torch.testing.assert_close(found.distance, wanted.values[:, :3], atol=1e-4, rtol=1e-4)
    assert found.index.equal(wanted.indices[:, :3])


def test_a_training_image_is_its_own_neighbour():
    pool = draw(attributes(0, torch.arange(40)), 32, 3)
    vectors = neighbours.pixel_vectors(pool)
    found = neighbours.nearest(vectors[11:13], vectors)
    assert found.index[:, 0].tolist() == [11, 12]
    assert found.distance.max() < 1e-2


def test_the_distance_of_pixel_vectors_is_the_root_mean_square_difference():
    black, grey = torch.full((1, 3, 64, 64), -1.0), torch.full((1, 3, 64, 64), -0.5)
    apart = neighbours.pixel_vectors(black) - neighbours.pixel_vectors(grey)
    assert apart.norm().item() == pytest.approx(0.5, abs=1e-5)


def test_more_neighbours_than_the_pool_has_or_other_lengths_are_refused():
    with pytest.raises(ValueError, match="k=3 neighbours of a pool of 2"):
        neighbours.nearest(torch.zeros(1, 4), torch.zeros(2, 4), k=3)
    with pytest.raises(ValueError, match="4 numbers each, the pool 5"):
        neighbours.nearest(torch.zeros(1, 4), torch.zeros(2, 5))


# --- variety and paths ---


def test_the_mean_pairwise_distance_counts_every_pair_once():
    corners = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert diversity.mean_pairwise_distance(corners) == pytest.approx((3 + 4 + 5) / 3)
    assert diversity.mean_pairwise_distance(corners[:1].expand(5, -1)) == 0


def test_one_row_has_no_pairwise_distance():
    with pytest.raises(ValueError, match=r"1 row\(s\)"):
        diversity.mean_pairwise_distance(torch.zeros(1, 4))


def test_a_walk_at_an_even_pace_covers_equal_distances():
    position = torch.linspace(0, 1, 201) ** 2  # slow at first, then fast
    share = diversity.even_pace(diversity.step_sizes(position[:, None]), 6)
    there = share**2
    torch.testing.assert_close(there, torch.linspace(0, 1, 6), atol=2e-3, rtol=0)


def test_an_even_pace_on_an_even_path_is_the_path():
    torch.testing.assert_close(diversity.even_pace(torch.ones(7), 15), torch.linspace(0, 1, 15))


# --- rates ---


def test_the_interval_is_wilsons():
    low, high = rates.Rate(8, 10).interval
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize("hits", [0, 20])
def test_no_failure_or_no_success_in_twenty_is_not_certainty(hits):
    low, high = rates.Rate(hits, 20).interval
    assert 0 <= low < high <= 1
    assert high - low > 0.1


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    hits = torch.distributions.Binomial(40, torch.tensor(0.15))
    torch.manual_seed(0)
    intervals = [rates.Rate(int(h), 40).interval for h in hits.sample((2000,))]
    assert sum(low <= 0.15 <= high for low, high in intervals) / 2000 == pytest.approx(0.95, abs=0.03)


def test_a_rate_is_made_from_trials_and_says_its_n():
    assert rates.rate(torch.tensor([True, False, True, True])).hits == 3
    assert str(rates.Rate(3, 4)).startswith("75% of 4 (")
    with pytest.raises(ValueError, match="no trials"):
        rates.rate(torch.zeros(0))


# --- arithmetic ---


def table(**columns: list[float]) -> torch.Tensor:
    n = len(next(iter(columns.values())))
    return torch.stack([torch.tensor(columns.get(name, [0.0] * n)) for name in COLUMNS], 1)


def test_clearly_takes_neither_the_doubtful_nor_the_mild():
    rows = table(glasses=[0.95, 0.6, 0.05, 0.99], smile=[0.9, 0.9, 0.9, 0.2])
    assert arithmetic.clearly(rows, glasses=True).tolist() == [True, False, False, True]
    assert arithmetic.clearly(rows, glasses=False).tolist() == [False, False, True, False]
    assert arithmetic.clearly(rows, glasses=True, smile=True).tolist() == [True, False, False, False]


def test_clearly_uses_the_range_of_each_number():
    rows = table(skin=[0.1, 0.5, 0.9], turn=[-0.5, 0.0, 0.5])
    assert arithmetic.clearly(rows, skin=False).tolist() == [True, False, False]
    assert arithmetic.clearly(rows, turn=True).tolist() == [False, False, True]


def test_an_unknown_column_is_named():
    with pytest.raises(ValueError, match="no column 'beard'"):
        arithmetic.clearly(table(skin=[0.1]), beard=True)


def test_exemplars_of_a_trial_are_different_rows_of_the_tray():
    tray = torch.arange(6.0)[:, None]
    picks = arithmetic.exemplars(tray, 4, trials=50, rng=rng())
    assert picks.shape == (50, 4, 1)
    assert all(len(set(trial.flatten().tolist())) == 4 for trial in picks)
    with pytest.raises(ValueError, match="tray of 6 has not 7"):
        arithmetic.exemplars(tray, 7, trials=1, rng=rng())


def test_arithmetic_on_whole_trays_is_that_of_their_means():
    a, b, c = (torch.randn(5, 8, generator=rng(i)) for i in range(3))
    result = arithmetic.combine([a, c], [b], k=5, trials=2)
    torch.testing.assert_close(result, (a.mean(0) + c.mean(0) - b.mean(0)).expand(2, 8))


def test_three_trays_of_three_give_the_norm_of_a_single_latent():
    trays = [torch.randn(400, 100, generator=rng(i)) for i in range(3)]
    for k in (1, 3, 10):
        norms = arithmetic.combine(trays[:2], trays[2:], k, trials=300).norm(dim=1)
        assert norms.mean().item() == pytest.approx(math.sqrt(3 * 100 / k), rel=0.03)


def test_rescaling_sets_the_norm_and_keeps_the_direction():
    z = torch.randn(4, 10, generator=rng())
    scaled = arithmetic.rescale(z, 10.0)
    torch.testing.assert_close(scaled.norm(dim=1), torch.full((4,), 10.0))
    torch.testing.assert_close(torch.cosine_similarity(scaled, z), torch.ones(4))


class LinearReader:
    """Reads latents themselves: column j is their coordinate j."""

    def table(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, : len(COLUMNS)]


def test_side_effects_are_the_changes_in_units_of_the_readings():
    z, unit = torch.randn(20, 12, generator=rng()), torch.full((len(COLUMNS),), 2.0)
    found = arithmetic.side_effects(lambda z: z, LinearReader(), z, {"first": torch.eye(12)[0] * 3}, unit)
    wanted = torch.zeros(len(COLUMNS))
    wanted[0] = 3.0  # from -3 to +3 is a change of 6, in units of 2
    torch.testing.assert_close(found["first"], wanted, atol=1e-5, rtol=1e-5)


def test_along_reads_each_strength():
    z = torch.randn(6, 12, generator=rng())
    seen = arithmetic.along(lambda z: z, LinearReader(), z, torch.eye(12)[1], (-1.0, 0.0, 2.0))
    assert seen.shape == (3, 6, len(COLUMNS))
    torch.testing.assert_close(seen[2, :, 1] - seen[1, :, 1], torch.full((6,), 2.0))
