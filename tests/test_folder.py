"""A folder of anyone's images: every mode, every format, and every way in which a file can be bad."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_lib.data import DataError, index_folder, load
from dcgan_lib.data.decode import BadImage, quiet_decoders, read_square

TOOL = Path(__file__).parents[1] / "tools" / "make_bad_folder.py"
BLUE, RED = (20, 40, 200), (200, 30, 20)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def read(path, size=8, nc=3):
    with quiet_decoders():
        return read_square(path, size, nc)


def halves(width=64, height=64, top=RED, bottom=BLUE):
    image = Image.new("RGB", (width, height), bottom)
    image.paste(top, (0, 0, width, height // 2))
    return image


def is_colour(pixels, colour, tolerance=0):
    return np.abs(pixels.astype(int) - np.array(colour)[:, None, None]).max() <= tolerance


# --- one file


@pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "PNG"])
def test_each_format_gives_the_colours_that_went_in(folder, ending):
    halves().save(folder / f"a.{ending}")
    pixels = read(folder / f"a.{ending}")
    assert pixels.shape == (3, 8, 8) and pixels.dtype == np.uint8
    lossy = ending in ("jpg", "jpeg", "webp")
    assert is_colour(pixels[:, :2], RED, 8 * lossy) and is_colour(pixels[:, 6:], BLUE, 8 * lossy)


@pytest.mark.parametrize(
    ("orientation", "red_edge"), [(1, np.s_[:, :3]), (3, np.s_[:, 5:]), (6, np.s_[:, :, 5:]), (8, np.s_[:, :, :3])]
)
def test_exif_rotation_turns_the_picture(folder, orientation, red_edge):
    exif = Image.Exif()
    exif[0x0112] = orientation
    halves(64, 32).save(folder / "a.jpg", exif=exif)
    assert is_colour(read(folder / "a.jpg")[red_edge], RED, 6)


def test_alpha_is_laid_on_white(folder):
    Image.new("RGBA", (8, 8), (0, 100, 200, 51)).save(folder / "a.png")  # 51/255 = 0.2 of the colour, 0.8 of white
    assert is_colour(read(folder / "a.png"), (204, 224, 244), 1)


def test_grey_with_alpha_is_laid_on_white(folder):
    Image.new("LA", (8, 8), (0, 51)).save(folder / "a.png")
    assert is_colour(read(folder / "a.png"), (204, 204, 204), 1)


def test_a_transparent_palette_entry_is_white(folder):
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, *RED, *BLUE])
    image.save(folder / "opaque.png")
    image.save(folder / "clear.png", transparency=1)
    image.save(folder / "clear.gif", transparency=1)
    assert is_colour(read(folder / "opaque.png"), RED)
    assert is_colour(read(folder / "clear.png"), (255, 255, 255))
    assert is_colour(read(folder / "clear.gif"), (255, 255, 255))


def test_sixteen_bits_are_scaled_and_not_clipped(folder):
    deep = np.repeat(np.array([0, 257, 25700, 65535], np.uint16), 8).reshape(4, 8).repeat(2, axis=0)
    for name in ("a.png", "a.tiff"):
        Image.fromarray(deep).save(folder / name)
        assert read(folder / name, nc=1)[0, ::2, 0].tolist() == [0, 1, 100, 255]


def test_a_bright_and_a_dark_bit(folder):
    image = Image.new("1", (8, 8), 1)
    image.paste(0, (0, 0, 8, 4))
    image.save(folder / "a.bmp")
    assert read(folder / "a.bmp")[:, :, 0].tolist() == [[0, 0, 0, 0, 255, 255, 255, 255]] * 3


def test_cmyk_becomes_rgb(folder):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(folder / "red.jpg")  # magenta and yellow ink
    Image.new("CMYK", (16, 16), (255, 0, 255, 128)).save(folder / "green.tiff")
    assert is_colour(read(folder / "red.jpg"), (255, 0, 0), 3)
    assert is_colour(read(folder / "green.tiff"), (0, 127, 0), 1)


def test_an_animation_gives_its_first_frame(folder):
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    first.save(folder / "a.gif", save_all=True, append_images=[second])
    first.save(folder / "a.tiff", save_all=True, append_images=[second])
    assert is_colour(read(folder / "a.gif"), RED) and is_colour(read(folder / "a.tiff"), RED)


def test_grey_is_repeated_and_rgb_becomes_luma(folder):
    Image.new("L", (8, 8), 77).save(folder / "grey.png")
    Image.new("RGB", (8, 8), (255, 0, 0)).save(folder / "red.png")
    assert is_colour(read(folder / "grey.png"), (77, 77, 77))
    assert read(folder / "red.png", nc=1).tolist() == [[[76] * 8] * 8]  # 0.299 * 255


@pytest.mark.parametrize("size", [(60, 20), (20, 60)])
def test_the_centred_square_is_kept(folder, size):
    image = Image.new("RGB", size, BLUE)
    left, top = (size[0] - 20) // 2, (size[1] - 20) // 2
    image.paste(RED, (left, top, left + 20, top + 20))
    image.save(folder / "a.png")
    assert is_colour(read(folder / "a.png")[:, 2:-2, 2:-2], RED)  # at its rim, the filter sees beyond


def test_fine_stripes_are_averaged_and_not_sampled(folder):
    stripes = np.zeros((128, 128), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(folder / "a.png")
    assert np.abs(read(folder / "a.png", nc=1)[0, 2:-2, 2:-2].astype(int) - 128).max() <= 2


def test_a_large_jpeg_decoded_at_a_reduced_scale_looks_as_when_decoded_whole(folder):
    tiles = np.random.default_rng(0).integers(0, 256, (76, 76, 3), dtype=np.uint8)
    Image.fromarray(tiles.repeat(8, axis=0).repeat(8, axis=1)).save(folder / "a.jpg", quality=95)
    with Image.open(folder / "a.jpg") as image:
        whole = np.asarray(image.resize((16, 16), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    assert np.abs(read(folder / "a.jpg", 16).astype(int) - whole).max() <= 3


def test_a_picture_beyond_the_pixel_limit_is_refused_even_where_pillow_would_not(folder, monkeypatch):
    monkeypatch.setattr("dcgan_lib.data.decode.MAX_PIXELS", 99)
    Image.new("L", (10, 10)).save(folder / "a.png")
    with pytest.raises(BadImage, match="100 pixels, more than the limit of 99"):
        read(folder / "a.png")


def test_only_decoders_of_photographs_are_tried(folder):
    (folder / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(BadImage, match="not an image"):
        read(folder / "a.png")


# --- the folder


def test_images_are_found_at_any_depth_and_the_rest_is_counted(folder):
    for name in ("b/deep/er/2.png", "a/1.JPG", "a/.hidden.png", ".git/3.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        halves().save(folder / name)
    for name in ("notes.txt", "more.txt", "a/photo.heic", "README"):
        (folder / name).touch()
    index = index_folder(folder)
    assert index.files == ("a/1.JPG", "b/deep/er/2.png")
    assert index.ignored == {".heic": 1, ".txt": 2, "no suffix": 1}
    assert index.label_names == ("a", "b") and index.labels() == [0, 1]


def test_images_stand_in_the_order_of_their_names(folder):
    (folder / "b").mkdir()
    for name in ("c.png", "b/2.png", "b/10.png", "a.png"):
        halves().save(folder / name)
    assert index_folder(folder).files == ("a.png", "b/10.png", "b/2.png", "c.png")


def test_photographs_in_formats_that_are_not_read_are_mentioned(folder, caplog):
    halves().save(folder / "1.png")
    for name in ("2.HEIC", "3.heic", "4.txt"):
        (folder / name).touch()
    load(folder, 8, progress=False)
    assert "passed over 2 .heic in" in caplog.text and "convert them to JPEG or PNG" in caplog.text


def test_a_flat_folder_has_no_labels(folder):
    halves().save(folder / "1.png")
    images = load(folder, 8, progress=False)
    assert images.labels is None and images.label_names == () and images.name == "pictures"


def test_images_beside_sub_folders_are_labelled_with_a_dot(folder):
    (folder / "cats").mkdir()
    halves().save(folder / "1.png")
    halves().save(folder / "cats" / "2.png")
    images = load(folder, 8, progress=False)
    assert [images.label_names[k] for k in images.labels.tolist()] == [".", "cats"]


def test_loops_of_links_end_and_an_image_keeps_the_name_of_its_own_place(folder):
    (folder / "z" / "sub").mkdir(parents=True)
    halves().save(folder / "z" / "sub" / "1.png")
    (folder / "a").symlink_to(folder / "z", target_is_directory=True)
    (folder / "z" / "sub" / "up").symlink_to(folder, target_is_directory=True)
    assert index_folder(folder).files == ("z/sub/1.png",)


def test_a_folder_outside_can_be_linked_in(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    halves().save(tmp_path / "elsewhere" / "1.png")
    (folder / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert index_folder(folder).files == ("linked/1.png",)


def test_a_folder_with_train_and_test_has_splits(folder):
    for k, name in enumerate(("train/cat/1.png", "train/dog/2.png", "test/cat/3.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), k).save(folder / name)
    train, test = (load(folder, 8, 1, split=split, progress=False) for split in ("train", "test"))
    assert train.label_names == ("cat", "dog") and train.pixels[:, 0, 0, 0].tolist() == [0, 1]
    assert test.pixels[:, 0, 0, 0].tolist() == [2] and test.name == train.name == "pictures"
    assert len(load(folder, 8, split="all", progress=False)) == 3
    with pytest.raises(DataError, match="has no split 'valid': choose one of train, test, or all"):
        load(folder, 8, split="valid", progress=False)


def test_a_missing_folder_says_how_far_the_path_goes(folder):
    with pytest.raises(DataError, match=f"no such folder: .*deep/er .*exists as far as {folder}"):
        load(folder / "deep" / "er")


def test_a_file_in_place_of_a_folder_names_the_folder_that_holds_it(folder):
    halves().save(folder / "1.png")
    with pytest.raises(DataError, match=f"1.png is a file, not a folder of images: give the folder .*{folder}"):
        load(str(folder / "1.png"))


def test_a_folder_without_images_says_what_it_holds_instead(folder):
    with pytest.raises(DataError, match=r"no images in .*: it is empty"):
        load(folder)
    (folder / "a.heic").touch()
    (folder / "b.heic").touch()
    with pytest.raises(DataError, match=r"it holds 2 \.heic.*convert what is there"):
        load(folder)


def test_a_folder_that_may_not_be_entered_is_reported(folder, monkeypatch):
    (folder / "secret").mkdir()
    halves().save(folder / "1.png")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(DataError, match=r"secret/ +the folder cannot be read: Permission denied"):
        load(folder, 8, progress=False)


# --- bad files


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("from_the_tool") / "nasty"
    subprocess.run([sys.executable, TOOL, folder], check=True, capture_output=True)
    return folder


def test_all_bad_files_and_no_odd_ones_are_named_in_one_message(bad_folder):
    with pytest.raises(DataError) as caught:
        load(bad_folder, 16, progress=False)
    message, bad = str(caught.value), sorted(f"bad/{path.name}" for path in (bad_folder / "bad").iterdir())
    assert [file.name for file in caught.value.bad] == bad
    assert all(name in message for name in bad) and "odd/" not in message
    assert message.startswith(f"{len(bad)} of ") and "on_bad='skip'" in message
    for reason in (
        "the file is empty (0 bytes)",
        "truncated: the file ends too early",
        "900,000,000 pixels, more than the limit of 89,478,485",
        "100,000,000 pixels, more than the limit",
        "a web page, not an image",
        "a 'heic' file",
        "not a regular file",
        "a link to a file that does not exist",
        "floating-point pixels, whose range is not known",
        "beyond 16 bits",
    ):
        assert reason in message


def test_skipping_leaves_the_good_ones_and_tells_what_was_left_out(bad_folder, caplog):
    images = load(bad_folder, 16, on_bad="skip", progress=False)
    assert {images.label_names[k] for k in images.labels.tolist()} == {"odd"}
    assert len(images) == 17
    assert "left out 21 of 38" in caplog.text and "bad/empty.jpg" in caplog.text


def test_a_skip_list_is_recorded_and_later_runs_know_it(bad_folder, caplog, monkeypatch):
    load(bad_folder, 16, on_bad="skip", progress=False)
    caplog.clear()
    monkeypatch.setattr("dcgan_lib.data.prepare.CHUNK", None)  # whoever builds again breaks here
    load(bad_folder, 16, on_bad="skip", progress=False)
    assert "bad/empty.jpg" in caplog.text
    with pytest.raises(DataError, match=r"bad/empty.jpg"):
        load(bad_folder, 16, on_bad="refuse", progress=False)


def test_a_folder_with_nothing_but_bad_files_is_an_error_even_when_skipping(folder):
    (folder / "1.png").touch()
    (folder / "2.jpg").write_text("no")
    with pytest.raises(DataError, match=r"none of the 2 image files in .* can be used:\n  1.png .*\n  2.jpg"):
        load(folder, 8, on_bad="skip", progress=False)


def test_a_file_that_becomes_readable_is_taken_in(folder, monkeypatch):
    halves().save(folder / "1.png")
    halves().save(folder / "2.png")
    with monkeypatch.context() as patch:
        patch.setattr("dcgan_lib.data.prepare.read_square", _denied(read_square))
        assert len(load(folder, 8, on_bad="skip", progress=False)) == 1
    assert len(load(folder, 8, progress=False)) == 2


def _denied(read_square):
    def guarded(path, *rest):
        if path.name == "2.png":
            raise BadImage("cannot be read: Permission denied")
        return read_square(path, *rest)

    return guarded


def test_a_name_with_control_characters_cannot_speak_to_the_terminal(folder):
    (folder / "a\x1b[31m\n.png").touch()
    with pytest.raises(DataError) as caught:
        load(folder, 8, progress=False)
    assert "\x1b" not in str(caught.value) and r"a\x1b[31m\n.png" in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8 are Linux's own")
def test_a_name_that_is_not_utf8_is_read_and_can_be_printed(folder):
    halves().save(os.fsencode(folder) + b"/caf\xe9.png")
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xe9d.png")).touch()
    assert len(load(folder, 8, on_bad="skip", progress=False)) == 1
    with pytest.raises(DataError) as caught:
        load(folder, 8, progress=False)
    assert str(caught.value).encode("utf-8")


def test_the_tool_refuses_a_folder_that_exists(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_bad_folder.py", str(tmp_path)])
    with pytest.raises(SystemExit):
        runpy.run_path(str(TOOL), run_name="__main__")
    assert "exists already" in capsys.readouterr().err
