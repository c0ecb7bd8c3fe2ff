"""What do the measures say of a generator whose p_data is known, and how much of it is the sample's size?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, stdev

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.data import DrawnFaces
from dcgan_lib.data.images import to_unit
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.arithmetic import in_batches
from dcgan_lib.metrics.attributes import FaceReader, load_reader
from dcgan_lib.metrics.bias import against_n, frechet_infinity
from dcgan_lib.metrics.coverage import joint, marginal_floors, marginals
from dcgan_lib.metrics.frechet import Moments, frechet_distance, moments
from dcgan_lib.metrics.kid import mmd2
from dcgan_lib.metrics.memorisation import memorisation, with_copies
from dcgan_lib.metrics.neighbours import pixel_vectors
from dcgan_lib.metrics.precision_recall import expected_coverage, precision_recall
from dcgan_lib.metrics.train_reader import degrade

TRUNCATION = 1.0  # of the careful generator's latents
COPIED = 0.1  # share of training images among the fakes of the copying generator
NEVER_SEEN = 1000  # data sets from this seed on were not trained on, by the generator or by the reader


def run(n: int, reference: int, sizes: Sequence[int], pool: int, queries: int, seeds: Sequence[int]) -> dict:
    """Every figure once for each seed, of four samples: fakes, those of truncated latents, true faces, softened ones.

    There is one generator: the spread is that of its samples, not that of training.

    Args:
        n: images in each sample.
        reference: true faces that the distances are taken to.
        sizes: of subsets, for the bias; at most n.
        pool, queries: training images that are searched, and images that ask for their nearest.
        seeds: of samples.
    """
    pair, reader = pretrained.load("faces64"), load_reader()
    forms = {"pixels": pixel_vectors, "features": reader.features}
    to = in_parts(reader.features, _faces(reference, NEVER_SEEN))
    to_moments = moments(to)
    trained, held_out = _faces(pool, 0), _faces(pool, NEVER_SEEN + 1)  # the generator was trained on seed 0
    pools = {name: (in_parts(form, trained), in_parts(form, held_out)) for name, form in forms.items()}
    out: dict = {"samples": {}, "memory": {}, "expected": _expected(n)}
    for seed in seeds:
        true = to_unit(_faces(n, NEVER_SEEN + 2 + seed))
        drawn = {
            "fakes": in_batches(pair.G, sample_z(n, pair.cfg, seed)),
            "truncated": in_batches(pair.G, sample_z(n, pair.cfg, seed, TRUNCATION)),
            "true faces": true,
            "true faces, softened": degrade(true, torch.Generator().manual_seed(seed)),
        }
        for name, images in drawn.items():
            _add(out["samples"].setdefault(name, {}), figures(images, reader, to, to_moments, sizes, seed))
        asked = {name: drawn[name][:queries] for name in ("fakes", "true faces")}
        asked["a tenth copied"] = with_copies(asked["fakes"], to_unit(trained[:queries]), COPIED, seed=seed)
        for name, images in asked.items():
            _add(out["memory"].setdefault(name, {}), {k: memory(form(images), *pools[k]) for k, form in forms.items()})
    return out


def figures(
    images: Tensor, reader: FaceReader, to: Tensor, to_moments: Moments, sizes: Sequence[int], seed: int
) -> dict:
    """Of one sample, plain numbers."""
    features, found = reader.features(images), reader.read(images)
    n = len(images)
    near, wide = (precision_recall(to[:n], features, k) for k in (3, 5))
    together = joint(found)
    return {
        "frechet": dict(
            zip(sizes, against_n(features, lambda x: frechet_distance(x, to_moments), sizes, 1, seed)[:, 0])
        ),
        "frechet_infinite": frechet_infinity(features, to_moments, seed=seed).infinite,
        "kid": dict(zip(sizes, against_n(features, lambda x: mmd2(x, to[: len(x)]), sizes, 1, seed)[:, 0])),
        "precision": near.precision,
        "recall": near.recall,
        "density": wide.density,
        "coverage": wide.coverage,
        "marginals": marginals(found),
        "joint": {name: getattr(together, name) for name in ("seen", "mass", "effective", "total_variation")},
    }


def memory(rows: Tensor, trained: Tensor, held_out: Tensor) -> dict:
    """What `memorisation` says of rows in one form, plain numbers."""
    m = memorisation(rows, trained, held_out, asked=len(rows))
    return {
        "closer": m.closer.share,
        "prefer": m.prefer.share,
        "surplus": m.surplus,
        "fake_median": m.fake_median,
        "held_out_median": m.held_out_median,
    }


def in_parts(function: Callable[[Tensor], Tensor], pixels: Tensor) -> Tensor:
    """A function of images in [-1, 1], on as many uint8 ones as memory would not hold at once."""
    return torch.cat([function(to_unit(some)) for some in pixels.split(1000)])


def _expected(n: int) -> dict:
    """What a perfect generator reaches with `n` samples, where that is known."""
    together = joint(DrawnFaces(n).attributes())
    names = ("of", "seen_expected", "mass_expected", "effective_true", "floor")
    return {
        "coverage": expected_coverage(n, n, 5),
        "marginals": marginal_floors(list(load_reader().read(torch.zeros(1, 3, 64, 64))), n),
        "joint": {name: getattr(together, name) for name in names},
    }


def _faces(n: int, seed: int) -> Tensor:
    """`(n, 3, 64, 64)` uint8."""
    return DrawnFaces(n, 64, seed=seed).images().pixels


def _add(to: dict, new: dict) -> None:
    """Append each number of a nest of dicts to the list in its place."""
    for key, value in new.items():
        if isinstance(value, dict):
            _add(to.setdefault(key, {}), value)
        else:
            to.setdefault(key, []).append(float(f"{float(value):.5g}"))


def spread(values: Sequence[float], form: str = ".3f") -> str:
    """A mean with its standard deviation over seeds."""
    return f"{mean(values):{form}}" + (f" ± {stdev(values):{form}}" if len(values) > 1 else "")


def rows(result: dict) -> list[Row]:
    """What the paper left out on purpose (section 6), and what it argued from."""
    fakes, true = result["samples"]["fakes"], result["samples"]["true faces"]
    sizes = list(fakes["frechet"])
    bias = "; ".join(f"{spread(fakes['frechet'][n])} of {n}" for n in (sizes[0], sizes[-1]))
    copied, ours = (result["memory"][name]["pixels"]["prefer"] for name in ("a tenth copied", "fakes"))
    none = "no such figure (section 6)"
    return [
        Row("Fréchet distance, our features", none, f"{bias}; {spread(fakes['frechet_infinite'])} without end", False),
        Row("the same of true faces", none, f"{spread(true['frechet_infinite'])} without end", False),
        Row("precision and recall", none, f"{spread(fakes['precision'])} and {spread(fakes['recall'])}", False),
        Row(
            "does it repeat its training images?",
            "one epoch's samples were not memorised (4.1); no search for neighbours (6)",
            f"nearer to training than to other faces: {spread(ours)} of fakes; {spread(copied)} with a tenth copied",
            False,
        ),
    ]


EXPERIMENT = Experiment(
    title="How good is a generator, and how much of each figure is the sample's size?",
    paper="Section 6 declines nearest neighbours and log-likelihood, which are poor measures (Theis et al. 2015); 4.1 "
    "argues from samples of the first epoch that images were not memorised. The measures used here came later.",
    budgets={
        "tiny": {"n": 400, "reference": 1000, "sizes": (100, 200, 400), "pool": 300, "queries": 100, "seeds": (0, 1)},
        "full": {
            "n": 2000,
            "reference": 10_000,
            "sizes": (100, 200, 500, 1000, 2000),
            "pool": 5000,
            "queries": 1000,
            "seeds": (0, 1, 2, 3, 4),
        },
    },
    run=run,
    rows=rows,
)
