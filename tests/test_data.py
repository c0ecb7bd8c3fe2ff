"""`load`: one function for every source."""

import gzip
import hashlib
import pickle
import struct

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from scipy.io import savemat

from dcgan_lib.data import CATALOGUE, DataError, data_root, load, prepare


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DCGAN_DATA", raising=False)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("<urlopen error [Errno -2] Name or service not known>")

    monkeypatch.setattr("dcgan_lib.data.downloads._from_url", refuse)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def idx(values):
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write_mnist(root, pixels, labels, name="MNIST", prefix="train", packed=True):
    raw = root / name / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
        path = raw / f"{prefix}-{kind}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(idx(values)) if packed else idx(values))
    return raw


# --- MNIST and Fashion-MNIST


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["fashion_mnist", "."])
def test_idx_files_are_read_where_they_lie(tmp_path, packed, below):
    pixels, labels = numbers(6, 28, 28), np.arange(6, dtype=np.uint8)
    raw = write_mnist(tmp_path / below, pixels, labels, "FashionMNIST", packed=packed)
    before = sorted(path.name for path in raw.iterdir())
    images = load("fashion_mnist", 32, 1, root=tmp_path, download=False)
    assert torch.equal(images.pixels[:, 0, 2:-2, 2:-2], torch.from_numpy(pixels))
    assert images.labels.tolist() == [0, 1, 2, 3, 4, 5] and images.label_names[5] == "Sandal"
    assert sorted(path.name for path in raw.iterdir()) == before


def test_twenty_eight_becomes_thirty_two_with_background_all_around(tmp_path):
    write_mnist(tmp_path, np.full((1, 28, 28), 255, np.uint8), np.zeros(1, np.uint8))
    image = load("mnist", 32, 1, root=tmp_path).pixels[0, 0]
    assert image.sum() == 28 * 28 * 255 and image[:2].sum() == image[-2:].sum() == image[:, :2].sum() == 0


def test_a_digit_at_sixty_four_is_the_thirty_two_one_enlarged_as_pillow_does(tmp_path):
    write_mnist(tmp_path, numbers(3, 28, 28), np.zeros(3, np.uint8))
    small, large = (load("mnist", size, 1, root=tmp_path, progress=False).pixels[:, 0].numpy() for size in (32, 64))
    pillow = [np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC)) for image in small]
    assert np.abs(large.astype(int) - pillow).max() <= 1


def test_the_test_split_is_another_file(tmp_path):
    write_mnist(tmp_path, numbers(2, 28, 28), np.zeros(2, np.uint8))
    write_mnist(tmp_path, numbers(3, 28, 28), np.ones(3, np.uint8), prefix="t10k")
    assert load("mnist", 32, 1, root=tmp_path, split="test").labels.tolist() == [1, 1, 1]


def test_resized_images_are_resized_once(tmp_path, monkeypatch):
    write_mnist(tmp_path, numbers(3, 28, 28), np.zeros(3, np.uint8))
    first = load("mnist", 64, 3, root=tmp_path, progress=False)
    monkeypatch.setattr(prepare, "to_channels", None)
    assert torch.equal(load("mnist", 64, 3, root=tmp_path, progress=False).pixels, first.pixels)


def test_the_environment_names_the_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_DATA", str(tmp_path))
    assert data_root() == tmp_path and data_root("elsewhere").name == "elsewhere"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Compressed file ended|requires a buffer|unpack"),
        (gzip.compress(b""), "unpack"),
        (gzip.compress(idx(numbers(3, 28, 28)))[:-900], "ended before"),
        (gzip.compress(idx(numbers(3, 28, 28))[:-10]), "2,352 bytes and 2,342 follow"),
        (gzip.compress(idx(numbers(3, 28, 28)) + b"\0"), "2,352 bytes and 2,353 follow"),
        (b"<!DOCTYPE html>", "Not a gzipped file"),
        (gzip.compress(idx(numbers(3))), "3 dimensions"),
        (gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 2**31, 2**10, 2**10)), "not believable"),
    ],
    ids=["empty", "nothing packed", "cut", "too short", "too long", "a web page", "labels", "a forged header"],
)
def test_a_damaged_idx_file_is_named_with_the_remedy(tmp_path, content, reason):
    raw = write_mnist(tmp_path, numbers(3, 28, 28), np.zeros(3, np.uint8))
    (raw / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte.gz is damaged .*({reason}).*delete it") as caught:
        load("mnist", root=tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_images_and_labels_of_different_number_are_refused(tmp_path):
    write_mnist(tmp_path, numbers(3, 28, 28), np.zeros(4, np.uint8))
    with pytest.raises(DataError, match=r"3 images, .* 4 labels: they do not belong together"):
        load("mnist", root=tmp_path)


def test_a_download_that_fails_says_what_to_do_and_leaves_nothing_behind(tmp_path, no_network):
    with pytest.raises(DataError) as caught:
        load("fashion_mnist", root=tmp_path)
    message = str(caught.value)
    assert "Fashion-MNIST (30 MB) is not in" in message and "Name or service not known" in message
    assert "train-images-idx3-ubyte.gz" in message and "fashion_mnist/FashionMNIST/raw" in message
    assert "DCGAN_DATA" in message and "'faces'" in message
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_removes_no_folder_that_was_there(tmp_path, no_network):
    (tmp_path / "mnist" / "mine").mkdir(parents=True)
    with pytest.raises(DataError):
        load("mnist", root=tmp_path)
    assert (tmp_path / "mnist" / "mine").is_dir()


def test_nothing_is_downloaded_when_it_may_not_be(tmp_path):
    with pytest.raises(DataError, match="downloading is switched off"):
        load("cifar10", root=tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


# --- the other sets of torchvision's


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_cifar10(root, monkeypatch, batch=None):
    folder = root / "cifar10" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    planes = numbers(4, 3072)
    (folder / "data_batch_1").write_bytes(batch or pickle.dumps({"data": planes, "labels": [3, 1, 4, 1]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list(CATALOGUE["cifar10"].label_names)}))
    return folder, torch.from_numpy(planes.reshape(4, 3, 32, 32))


def accept_cifar10(folder, monkeypatch):
    known = {"train_list": [["data_batch_1", md5(folder / "data_batch_1")]], "test_list": []}
    known["meta"] = {"filename": "batches.meta", "key": "label_names", "md5": md5(folder / "batches.meta")}
    for name, value in known.items():
        monkeypatch.setattr(torchvision.datasets.CIFAR10, name, value)


def test_cifar10_keeps_its_pixels_and_its_channels(tmp_path, monkeypatch):
    folder, pixels = write_cifar10(tmp_path, monkeypatch)
    accept_cifar10(folder, monkeypatch)
    images = load("cifar10", 32, root=tmp_path, download=False)
    assert torch.equal(images.pixels, pixels) and images.labels.tolist() == [3, 1, 4, 1]


def test_rgb_becomes_luma_as_pillow_does_it(tmp_path, monkeypatch):
    folder, pixels = write_cifar10(tmp_path, monkeypatch)
    accept_cifar10(folder, monkeypatch)
    grey = load("cifar10", 32, 1, root=tmp_path, download=False).pixels
    pillow = [np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L")) for image in pixels]
    assert np.array_equal(grey[:, 0].numpy(), pillow)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


def test_a_foreign_pickle_in_the_place_of_cifar10_is_not_run(tmp_path, monkeypatch):
    write_cifar10(tmp_path, monkeypatch, batch=pickle.dumps(Bomb()))
    with pytest.raises(DataError, match=r"CIFAR-10 in .*cifar-10-batches-py is incomplete or damaged"):
        load("cifar10", root=tmp_path, download=False)


def test_svhn_calls_ten_a_zero_and_turns_its_axes(tmp_path, monkeypatch):
    pixels = numbers(32, 32, 3, 4)  # height, width, channel, image
    (tmp_path / "svhn").mkdir()
    path = tmp_path / "svhn" / "train_32x32.mat"
    savemat(path, {"X": pixels, "y": np.array([[10], [1], [9], [2]])})
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", {"train": ["", path.name, md5(path)]})
    images = load("svhn", 32, root=tmp_path, download=False)
    assert torch.equal(images.pixels, torch.from_numpy(pixels).permute(3, 2, 0, 1))
    assert images.labels.tolist() == [0, 1, 9, 2]


def write_celeba(root, monkeypatch, n=5):
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    names = [f"{k + 1:06}.jpg" for k in range(n)]
    for k, name in enumerate(names):
        Image.new("RGB", (178, 218), (50 * k, 50 * k, 50 * k)).save(folder / "img_align_celeba" / name)
    lines = {
        "list_eval_partition": [f"{name} {k // 3}" for k, name in enumerate(names)],  # two are for validation
        "identity_CelebA": [f"{name} {k}" for k, name in enumerate(names)],
        "list_attr_celeba": [
            str(n),
            "Smiling Male ",
            *(f"{name} {2 * (k % 2) - 1} -1" for k, name in enumerate(names)),
        ],
        "list_bbox_celeba": [str(n), "image_id x_1 y_1", *(f"{name} 1 2" for name in names)],
        "list_landmarks_align_celeba": [str(n), "lefteye_x lefteye_y", *(f"{name} 1 2" for name in names)],
    }
    known = []
    for name, text in lines.items():
        (folder / f"{name}.txt").write_text("\n".join(text) + "\n")
        known.append(("", md5(folder / f"{name}.txt"), f"{name}.txt"))
    monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", known)
    return folder


def test_celeba_comes_with_its_attributes(tmp_path, monkeypatch):
    write_celeba(tmp_path, monkeypatch)
    images = load("celeba", 16, root=tmp_path, download=False, progress=False)
    assert images.pixels[:, 0, 8, 8].tolist() == [0, 50, 100] and images.labels is None
    known = {name: values.tolist() for name, values in images.attributes.items()}
    assert known == {"Smiling": [0, 1, 0], "Male": [0, 0, 0]}
    assert len(load("celeba", 16, root=tmp_path, split="valid", download=False, progress=False)) == 2


def test_a_picture_missing_from_celeba_is_named_or_skipped_with_its_attributes(tmp_path, monkeypatch):
    folder = write_celeba(tmp_path, monkeypatch)
    (folder / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 3 image files in .*\n  000002.jpg  the file is gone"):
        load("celeba", 16, root=tmp_path, download=False, progress=False)
    images = load("celeba", 16, root=tmp_path, download=False, progress=False, on_bad="skip")
    assert len(images) == 2 and images.attributes["Smiling"].tolist() == [0, 0]


def test_celeba_that_cannot_be_had_offers_other_ways(tmp_path, monkeypatch):
    def quota(*_):
        raise RuntimeError("Quota exceeded")

    monkeypatch.setattr("dcgan_lib.data.downloads._from_drive", quota)
    with pytest.raises(DataError) as caught:
        load("celeba", root=tmp_path / "new")
    for words in ("Quota exceeded", "often refuses", "mmlab.ie.cuhk.edu.hk", "Kaggle", "img_align_celeba", "'faces'"):
        assert words in str(caught.value)


@pytest.mark.parametrize("key", ["fashion_mnist", "mnist"])
def test_the_catalogue_names_the_labels_as_torchvision_does(key):
    theirs = getattr(torchvision.datasets, CATALOGUE[key].torchvision).classes
    assert [name.split(" - ")[0] for name in theirs] == list(CATALOGUE[key].label_names)


# --- faces


@pytest.mark.parametrize("few", [100, 2])
def test_drawn_faces_are_the_same_with_and_without_the_cache(monkeypatch, few):
    from dcgan_lib.data import DrawnFaces

    monkeypatch.setattr(prepare, "FEW", few)
    monkeypatch.setattr(prepare, "CHUNK", 2)
    images = load("faces", 16, n=5, seed=3, progress=False)
    own = DrawnFaces(5, image_size=16, seed=3).images()
    assert torch.equal(images.pixels, own.pixels) and images.name == "faces"
    assert all(torch.equal(images.attributes[name], own.attributes[name]) for name in own.attributes)


def test_faces_have_one_split():
    with pytest.raises(ValueError, match="split='test': Drawn faces has train; for other faces, use another seed"):
        load("faces", split="test")


# --- what is asked for


def test_some_of_the_images_are_a_choice_by_the_seed_with_their_labels(tmp_path):
    write_mnist(tmp_path, np.arange(50, dtype=np.uint8).repeat(784).reshape(50, 28, 28), np.arange(50, dtype=np.uint8))
    first, again, other = (load("mnist", 32, 1, root=tmp_path, n=20, seed=seed).labels.tolist() for seed in (1, 1, 2))
    assert first == again == sorted(set(first)) and len(first) == 20 and first != other and first != list(range(20))
    images = load("mnist", 32, 1, root=tmp_path, n=20, seed=1)
    assert images.pixels[:, 0, 9, 9].tolist() == first


def test_more_images_than_there_are_names_both_numbers(tmp_path):
    write_mnist(tmp_path, numbers(3, 28, 28), np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="n=4: mnist has 3 images"):
        load("mnist", 32, 1, root=tmp_path, n=4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name_or_path": "fashion-mnist"}, "Did you mean 'fashion_mnist'"),
        ({"name_or_path": "imagenet"}, "faces, fashion_mnist, mnist, cifar10, svhn, celeba; the path of a folder"),
        ({"nc": 2}, "nc=2: give 1 for grey or 3 for RGB"),
        ({"image_size": 0}, "image_size=0"),
        ({"on_bad": "ignore"}, "on_bad='ignore': give 'refuse' or 'skip'"),
        ({"n": 0}, "n=0"),
        ({"split": "extra"}, "split='extra': MNIST has train, test"),
    ],
)
def test_a_wrong_argument_is_named_with_the_remedy(wrong, message):
    with pytest.raises(ValueError, match=message):
        load(**{"name_or_path": "mnist", **wrong})


def test_a_folder_called_like_a_data_set_needs_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    Image.new("L", (8, 8), 5).save(tmp_path / "mnist" / "1.png")
    assert len(load("./mnist", 8, progress=False)) == len(load(tmp_path / "mnist", 8, progress=False)) == 1
