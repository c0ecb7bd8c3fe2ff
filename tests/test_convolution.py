"""Convolution arithmetic against torch, which is the oracle."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from dcgan_lib import convolution as conv

KSP = [(k, s, p) for k in range(1, 7) for s in range(1, 4) for p in range(4)]
RNG = torch.Generator().manual_seed(3)


def random(*shape):
    return torch.randn(*shape, generator=RNG, dtype=torch.float64)


@pytest.mark.parametrize(("k", "s", "p"), KSP)
def test_the_size_of_a_convolution_is_torchs_for_every_input_that_fits(k, s, p):
    for n in range(max(1, k - 2 * p), 14):
        want = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p).shape[-1]
        assert conv.conv_size(n, k, s, p) == want


@pytest.mark.parametrize(("k", "s", "p"), KSP)
def test_the_size_of_a_transposed_convolution_is_torchs_with_every_output_padding(k, s, p):
    for n, extra in itertools.product(range(1, 9), range(s)):
        if (n - 1) * s - 2 * p + k + extra < 1:
            with pytest.raises(ValueError, match="no output"):
                conv.transposed_size(n, k, s, p, extra)
            continue
        out = F.conv_transpose1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), None, s, p, extra)
        assert conv.transposed_size(n, k, s, p, extra) == out.shape[-1]


@pytest.mark.parametrize(("k", "s", "p"), KSP)
def test_transposed_sizes_undo_convolution_sizes_and_list_every_input_that_rounds_to_them(k, s, p):
    for m in range(1, 8):
        if (m - 1) * s - 2 * p + k < 1:
            continue
        back = [conv.transposed_size(m, k, s, p, extra) for extra in range(s)]
        assert back == [n for n in range(1, 40) if n + 2 * p >= k and conv.conv_size(n, k, s, p) == m]


def test_a_kernel_that_does_not_fit_is_refused_with_the_numbers():
    with pytest.raises(ValueError, match=r"kernel=5 does not fit into 2 \+ 2 x 1"):
        conv.conv_size(2, 5, 1, 1)


@pytest.mark.parametrize("bad", [{"kernel": 0}, {"stride": 0}, {"padding": -1}])
def test_impossible_numbers_are_named(bad):
    (name, value), *_ = bad.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        conv.conv_size(**{"n": 8, "kernel": 3, "stride": 1, "padding": 0} | bad)


def test_output_padding_must_be_below_the_stride():
    with pytest.raises(ValueError, match="output_padding=2: give 0 to 1"):
        conv.transposed_size(4, 4, 2, 1, 2)


def test_a_published_generator_table_with_padding_0_does_not_reach_64():
    table = [(4, 1, 0)] + [(4, 2, 0)] * 4
    assert conv.sizes(1, table, transposed=True) == [4, 10, 22, 46, 94]
    assert conv.sizes(1, [(4, 1, 0)] + [(4, 2, 1)] * 4, transposed=True) == [4, 8, 16, 32, 64]


def test_a_published_discriminator_table_with_stride_2_at_the_end_gives_four_scores():
    assert conv.sizes(64, [(4, 2, 1)] * 5) == [32, 16, 8, 4, 2]
    assert conv.sizes(64, [(4, 2, 1)] * 4 + [(4, 1, 0)])[-1] == 1


def test_the_papers_kernel_of_5_doubles_only_with_output_padding():
    assert conv.transposed_size(4, 5, 2, 2) == 7
    assert conv.transposed_size(4, 5, 2, 2, 1) == 8


@pytest.mark.parametrize(("k", "s", "p"), [(3, 1, 1), (4, 2, 1), (5, 2, 2), (5, 3, 0), (2, 3, 1)])
@pytest.mark.parametrize("dims", [1, 2])
class TestFourWaysToTheSameNumbers:
    def inputs(self, dims, k):
        return random(*[7] * dims), random(*[k] * dims)

    def test_by_hand_is_torchs_convolution(self, k, s, p, dims):
        x, w = self.inputs(dims, k)
        torch_conv = F.conv1d if dims == 1 else F.conv2d
        assert torch.allclose(conv.convolve(x, w, s, p), torch_conv(x[None, None], w[None, None], None, s, p)[0, 0])

    def test_the_matrix_is_torchs_convolution(self, k, s, p, dims):
        x, w = self.inputs(dims, k)
        torch_conv = F.conv1d if dims == 1 else F.conv2d
        want = torch_conv(x[None, None], w[None, None], None, s, p).flatten()
        assert torch.allclose(conv.conv_matrix(w, 7, s, p) @ x.flatten(), want)

    def test_stamping_and_inserting_zeros_are_torchs_transposed_convolution(self, k, s, p, dims):
        x, w = self.inputs(dims, k)
        torch_up = F.conv_transpose1d if dims == 1 else F.conv_transpose2d
        for extra in range(s):
            want = torch_up(x[None, None], w[None, None], None, s, p, extra)[0, 0]
            assert torch.allclose(conv.spread(x, w, s, p, extra), want)
            assert torch.allclose(conv.convolve_with_zeros(x, w, s, p, extra), want)

    def test_the_transposed_matrix_is_torchs_transposed_convolution(self, k, s, p, dims):
        _, w = self.inputs(dims, k)
        m, n = 4, conv.transposed_size(4, k, s, p)
        y = random(*[m] * dims)
        torch_up = F.conv_transpose1d if dims == 1 else F.conv_transpose2d
        want = torch_up(y[None, None], w[None, None], None, s, p).flatten()
        assert torch.allclose(conv.conv_matrix(w, n, s, p).T @ y.flatten(), want)


def test_the_transposed_convolution_is_the_convolutions_gradient():
    x, w, y = random(8).requires_grad_(), random(4), random(4)
    F.conv1d(x[None, None], w[None, None], None, 2, 1).backward(y[None, None])
    assert torch.allclose(x.grad, conv.spread(y, w, 2, 1))


def test_the_transpose_does_not_undo_the_convolution():
    x, w = random(8), random(4)
    back = conv.spread(conv.convolve(x, w, 2, 1), w, 2, 1)
    assert back.shape == x.shape
    assert not torch.allclose(back, x, atol=0.1)


def test_zeros_go_between_and_not_around():
    assert conv.insert_zeros(torch.tensor([1.0, 2.0, 3.0]), 3).tolist() == [1, 0, 0, 2, 0, 0, 3]


@pytest.mark.parametrize(("k", "s"), [(k, s) for k in range(1, 10) for s in range(1, 5) if k >= s])
def test_overlap_is_even_inside_exactly_where_the_stride_divides_the_kernel(k, s):
    inside = conv.overlap(12, k, s)[k:-k]
    assert (inside.unique().numel() == 1) == conv.is_even(k, s)


def test_overlap_beats_3_2_for_5_over_2_and_multiplies_in_two_dimensions():
    assert sorted(conv.overlap(12, 5, 2)[5:-5].unique().tolist()) == [2, 3]
    square = conv.overlap(12, 5, 2, dims=2)[5:-5, 5:-5]
    assert square.unique().tolist() == [4, 6, 9]


def test_the_overlap_map_is_what_a_kernel_of_ones_draws():
    want = F.conv_transpose2d(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 5, 5), None, 2, 2, 1)[0, 0]
    assert torch.equal(conv.overlap(5, 5, 2, 2, 1, dims=2), want)


def test_lines_and_squares_do_not_mix():
    with pytest.raises(ValueError, match=r"input \(4, 4\) and kernel \(3,\)"):
        conv.convolve(torch.zeros(4, 4), torch.zeros(3))
