"""Fits the directions that come with the shipped generators, and measures what each does.

python -m tools.directions              every shipped generator
python -m tools.directions faces64      one

Writes data/checkpoints/<name>/directions.json (see dcgan_lib/directions.py); run `python -m tools.data_table` after it.
"""

import argparse
import json
from collections.abc import Sequence

import torch
from torch import Tensor

from dcgan_lib import latent, pretrained
from dcgan_lib.directions import FILE, principal_directions
from dcgan_lib.fold import fold
from dcgan_lib.metrics.attributes import COLUMNS, FaceReader, load_reader
from dcgan_lib.models import Generator

ATTRIBUTES = {"glasses": "glasses", "smile": "smile", "long_hair": "long hair", "skin": "skin", "turn": "turn"}
"""Which of the reader's columns get a direction, and what a page calls them."""

OF = {
    "glasses": ("long_hair", "skin", "turn"),
    "smile": ("glasses", "long_hair", "turn"),
    "long_hair": ("glasses", "skin", "turn"),
    "skin": ("glasses", "long_hair", "turn"),
    "turn": ("glasses", "long_hair", "skin"),
}
"""What each direction is freed of. This generator varies the smile little, and with the skin: the cosine of their
gradients is 0.84. Of a smile freed of the skin hardly anything is left; freed of the smile, the others lose half."""

FITTED_ON, MEASURED_ON = 16_000, 1000  # samples; those of the measurement took no part in the fit
FIT_SEED, MEASURE_SEED = 0, 1
PRINCIPAL = {"faces64": 4, "fashion32": 6}


@torch.no_grad()
def readings(reader: FaceReader, G: Generator, z: Tensor) -> Tensor:
    """`(n, len(ATTRIBUTES))`: of the images of z."""
    columns = [COLUMNS.index(name) for name in ATTRIBUTES]
    return torch.cat([reader.table(G(some))[:, columns] for some in z.split(250)])


def rounded(vector: Tensor, digits: int = 5) -> list[float]:
    return [round(v, digits) for v in vector.tolist()]


def fitted(G: Generator, reader: FaceReader) -> list[dict]:
    """A unit vector for each attribute: the gradient of the plane that fits its reading best, freed of the others'.

    A plain gradient of the smile turns the head too. Without its projection on the gradients of the other attributes a
    step leaves their planes where they are (Shen et al. 2020, section 3.2, "conditional manipulation").
    """
    z = latent.sample_z(FITTED_ON, G.cfg, FIT_SEED)
    places = {name: i for i, name in enumerate(ATTRIBUTES)}
    of = [[places[other] for other in OF[name]] for name in ATTRIBUTES]
    vectors = freed(latent.fit_direction(z, readings(reader, G, z)), of)
    return [
        {"name": name, "label": label, "kind": "attribute", "vector": rounded(vector)}
        for (name, label), vector in zip(ATTRIBUTES.items(), vectors)
    ]


def freed(gradients: Tensor, of: Sequence[Sequence[int]]) -> Tensor:
    """Every row i less its projection on the span of the rows `of[i]`, and then of length 1. `(k, nz)` of both."""
    rows = []
    for gradient, others in zip(gradients, of, strict=True):
        span, _ = torch.linalg.qr(gradients[list(others)].T)  # (nz, len(others))
        rows.append(gradient - span @ (span.T @ gradient))
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def principal(G: Generator, k: int) -> list[dict]:
    vectors, shares = principal_directions(G, k, FITTED_ON, FIT_SEED)
    return [
        {
            "name": f"principal_{i}",
            "label": f"no. {i}",
            "kind": "principal",
            "vector": rounded(vector),
            "share": round(share.item(), 4),
        }
        for i, (vector, share) in enumerate(zip(vectors, shares), start=1)
    ]


def measure(entries: list[dict], G: Generator, reader: FaceReader) -> None:
    """Enter by how much a step from half behind to half before each sample changes what the reader says."""
    z = latent.sample_z(MEASURED_ON, G.cfg, MEASURE_SEED)
    for entry in entries:
        half = torch.tensor(entry["vector"]) / 2
        change = (readings(reader, G, z + half) - readings(reader, G, z - half)).mean(0)
        entry["moves"] = dict(zip(ATTRIBUTES, rounded(change, 4)))


def make(name: str) -> dict:
    pair = pretrained.load(name)
    faces = pair.cfg.nc == 3
    entries = principal(pair.G, PRINCIPAL.get(name, 4))
    if faces:
        reader = load_reader()
        quick = fold(pair.G)  # draws the same
        entries = fitted(quick, reader) + entries
        measure(entries, quick, reader)
    made = {
        "command": f"python -m tools.directions {name}",
        "fitted_on": {"n": FITTED_ON, "seed": FIT_SEED},
        "attributes": "latent.fit_direction on what the face reader reads, each freed of some others"
        if faces
        else "none",
        "freed_of": OF if faces else {},
        "principal": "dcgan_lib.directions.principal_directions: GANSpace on the first block",
    }
    if faces:
        made["measured_on"] = {"n": MEASURED_ON, "seed": MEASURE_SEED, "step": "from z - v / 2 to z + v / 2"}
    return {"made": made, "directions": entries}


def text(record: dict) -> str:
    """JSON with an entry a line."""
    entries = ",\n".join(f"    {json.dumps(entry)}" for entry in record["directions"])
    return f'{{\n  "made": {json.dumps(record["made"])},\n  "directions": [\n{entries}\n  ]\n}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which generators (default: every shipped one)")
    for name in parser.parse_args().names or pretrained.available():
        record = make(name)
        (pretrained.shipped() / name / FILE).write_text(text(record), encoding="utf-8")
        for entry in record["directions"]:
            print(name, entry["name"], entry.get("share", ""), entry.get("moves", ""))


if __name__ == "__main__":
    main()
