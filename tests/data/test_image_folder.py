"""Image files in folders and named by tables: layouts, formats, modes, sizes, damage, the cache."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from al_bench.data import image_decoding
from al_bench.data.image_folder import ImageFolder
from al_bench.data.image_reading import Target, read_header, read_picture
from al_bench.data.mapped import MappedRows
from al_bench.data.table_choices import Damaged, Mode, Nested, Resize
from al_bench.errors import InputError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (9, 7), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (9, 7, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def write(name: str, pixels: np.ndarray | None = None, seed: int = 0) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8) if pixels is None else pixels
    Image.fromarray(values).save(path)
    return path


def write_classes(folder: str, classes: tuple[str, ...] = ("cat", "dog"), each: int = 5, seed: int = 0) -> None:
    for number, name in enumerate(classes):
        for item in range(each):
            write(f"{folder}/{name}/{item}.png", seed=1000 * seed + 100 * number + item)


def load(path: str = "photos", with_validation: bool = False, cache: str | None = None, **keys: Any) -> Any:
    return ImageFolder(path=path, **keys).load(validation=with_validation, cache=cache)


def read(path: str) -> np.ndarray:
    """A file's pixels [C, H, W] as Pillow gives them."""
    values = np.asarray(Image.open(path))
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def test_folders_are_classes_and_file_names_the_origins() -> None:
    write_classes("photos", ("dog", "10", "9", "cat"))
    data = load()
    assert data.name == "photos"
    assert data.class_names == ("10", "9", "cat", "dog")
    assert data.inputs.dtype is torch.uint8
    assert data.shape == (3, 8, 8)
    assert (data.size, len(data.test_labels)) == (16, 4)
    for index, name in enumerate(data.items(range(data.size))):
        assert np.array_equal(data.inputs[index].numpy(), read(f"photos/{name}"))
        assert data.class_names[data.hidden_labels[index]] == name.partition("/")[0]
    assert not set(data.origins) & set(data.test_origins)
    assert data.reading.line() == (
        "photos: 20 images; shape 3×8×8 (RGB); label the folders' names; 4 classes (10 5, 9 5, cat 5, dog 5); 16 "
        "training rows, 4 test rows split off by label"
    )


def test_classes_that_are_all_numbers_are_sorted_by_value() -> None:
    write_classes("photos", ("10", "9", "2"))
    assert load().class_names == ("2", "9", "10")


def test_the_training_images_have_zero_mean_and_unit_variance_by_channel() -> None:
    write_classes("photos")
    data = load()
    prepared = data.prepare(data.inputs)
    torch.testing.assert_close(prepared.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(prepared.std((0, 2, 3), correction=0), torch.ones(3), rtol=1e-4, atol=0)


def test_hidden_files_and_files_that_are_no_images_are_left_out_and_counted() -> None:
    write_classes("photos")
    before = load().fingerprint()
    for name in ("photos/notes.txt", "photos/cat/list.csv", "photos/cat/Thumbs.db", "photos/dog/readme"):
        Path(name).write_text("no image")
    for name in ("photos/.DS_Store", "photos/cat/._0.png", "photos/.cache/x.png", "photos/__MACOSX/y.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"x")
    Path("photos/bird").mkdir()
    write("photos/top.png")
    data = load()
    assert data.fingerprint() == before
    assert data.reading.unused == {
        "1 image beside the classes' folders": "of no class",
        "4 files": "no images: 1 without ending, 1 .csv, 1 .db, 1 .txt",
        "4 hidden files": "hidden",
    }
    assert data.reading.remarks == ("no image in bird/: no class",)


def test_an_image_without_an_ending_is_known_by_its_first_bytes() -> None:
    write_classes("photos")
    os.rename("photos/cat/0.png", "photos/cat/0")
    assert "cat/0" in {*load().origins, *load().test_origins}


def test_folders_called_after_parts_are_the_parts() -> None:
    write_classes("photos/train", each=6)
    write_classes("photos/Test", each=3, seed=1)
    write_classes("photos/val", each=2, seed=2)
    data = load()
    assert (data.size, len(data.test_labels), data.validation) == (12, 6, None)
    assert data.origins[0] == "train/cat/0.png"
    assert data.reading.split == "12 training rows, 6 test rows from Test/"
    assert data.reading.unused == {"4 images in val/": "a validation part; read with validation=file"}
    held_out = load(with_validation=True)
    assert held_out.validation.tolist() == [12, 13, 14, 15]
    assert held_out.items([12]) == ["val/cat/0.png"]
    assert torch.equal(held_out.inputs[:12], data.inputs)
    assert torch.equal(held_out.mean, data.mean)
    assert np.array_equal(held_out.inputs[12].numpy(), read("photos/val/cat/0.png"))
    assert held_out.reading.counts == {"cat": (6, 2, 3), "dog": (6, 2, 3)}


def test_a_class_may_be_called_train() -> None:
    write_classes("photos", ("train", "bus"))
    assert load().class_names == ("bus", "train")


def test_test_and_validation_folders_of_their_own() -> None:
    write_classes("photos")
    write_classes("more/test", seed=1)
    write_classes("more/held", each=2, seed=2)
    data = load(test_path="more/test", validation="more/held", with_validation=True)
    assert data.validation.tolist() == [10, 11, 12, 13]
    assert set(data.test_origins) == {f"{name}/{item}.png" for name in ("cat", "dog") for item in range(5)}
    assert data.reading.split == "10 training rows, 4 validation rows from held/, 10 test rows from test/"


def test_images_in_folders_of_a_classs_folder_are_of_the_class_that_the_user_says() -> None:
    write_classes("photos/cat", ("2020", "2021"))
    write_classes("photos/dog", ("2020",), each=10, seed=3)
    with pytest.raises(InputError) as caught:
        load()
    assert "'cat/2020/0.png' lies in a folder of a class's folder (20 such images)" in str(caught.value)
    assert "dataset.nested=top (its class is 'cat') or dataset.nested=leaf (its class is 'cat/2020')" in str(
        caught.value
    )
    assert load(nested=Nested.top).class_names == ("cat", "dog")
    assert load(nested=Nested.leaf).class_names == ("cat/2020", "cat/2021", "dog/2020")


LABELS = "file,label,patient\n" + "".join(f"{n}.png,{['cat', 'dog'][n % 2]},p{n // 4}\n" for n in range(20))


def write_flat(text: str = LABELS, count: int = 20) -> None:
    for number in range(count):
        write(f"photos/{number}.png", seed=number)
    Path("labels.csv").write_text(text)


def test_a_table_names_files_and_labels() -> None:
    write_flat()
    write("photos/extra.png", seed=99)
    data = load(label_file="labels.csv", label="label")
    assert data.class_names == ("cat", "dog")
    for index, name in enumerate(data.items(range(data.size))):
        assert np.array_equal(data.inputs[index].numpy(), read(f"photos/{name}"))
        assert int(data.hidden_labels[index]) == int(name.removesuffix(".png")) % 2
    assert data.reading.label == "'label' of labels.csv"
    assert data.reading.unused == {"1 image": "not named in labels.csv"}


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("image_id,diagnosis", "{n}"),
        ("path,diagnosis", "./{n}.png"),
        ("diagnosis,where", "{n}.png"),
    ],
    ids=["names without endings", "paths", "a column of any name"],
)
def test_the_columns_of_a_table_are_recognised(header: str, cell: str) -> None:
    write_flat()
    names = header.split(",")
    rows = [{names[0]: cell.format(n=n), names[1]: ["no", "yes"][n % 2]} for n in range(20)]
    if names[0] == "diagnosis":
        rows = [{"diagnosis": row["where"], "where": row["diagnosis"]} for row in rows]
    Path("labels.csv").write_text("\n".join([header, *(",".join(row[name] for name in names) for row in rows)]) + "\n")
    data = load(label_file="labels.csv")
    assert data.class_names == ("no", "yes")
    assert len(data.origins) == 16


def test_a_table_of_images_is_split_by_group() -> None:
    write_flat()
    data = load(label_file="labels.csv", label="label", group="patient", test_fraction=0.4)
    groups = [{int(name.removesuffix(".png")) // 4 for name in part} for part in (data.origins, data.test_origins)]
    assert len(data.test_labels) == 8
    assert not groups[0] & groups[1]


def test_tables_of_a_test_and_a_validation_part_name_files_of_the_same_folder() -> None:
    lines = LABELS.splitlines()
    write_flat("\n".join(lines[:13]))
    Path("val.csv").write_text("\n".join([lines[0], *lines[13:17]]))
    Path("test.csv").write_text("\n".join([lines[0], *lines[17:]]))
    data = load(
        label_file="labels.csv", label="label", test_path="test.csv", validation="val.csv", with_validation=True
    )
    assert data.items(data.validation) == ["12.png", "13.png", "14.png", "15.png"]
    assert list(data.test_origins) == ["16.png", "17.png", "18.png", "19.png"]
    assert data.reading.split == "12 training rows, 4 validation rows from val.csv, 4 test rows from test.csv"


def test_initial_rows_are_names_of_files_and_stay_in_the_training_part() -> None:
    write_classes("photos")
    for name in ("cat/1.png", "dog/3.png"):
        data = ImageFolder(path="photos", test_fraction=0.4).load([name], cache=None)
        assert name in data.origins
    with pytest.raises(InputError, match=r"initial.rows has 'cat/9.png'; .*photos has names such as 'cat/0.png'"):
        ImageFolder(path="photos").load(["cat/9.png"], cache=None)


def save(pixels: np.ndarray, path: str, mode: str | None = None, **options: Any) -> None:
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)


def palette(path: str) -> None:
    image = Image.fromarray(COLOURS).quantize(200)
    image.save(path)
    np.save("expected.npy", np.asarray(image.convert("RGB")))


def transparent(path: str) -> None:
    alpha = np.full((9, 7, 1), 255, dtype=np.uint8)
    alpha[:4] = 0
    save(np.concatenate([COLOURS, alpha], axis=2), path)


def over_white() -> np.ndarray:
    expected = COLOURS.copy()
    expected[:4] = 255
    return expected


SIXTEEN = (GREY.astype(np.uint16) * 257)[::-1].copy()
FILES: dict[str, tuple[str, Any, Any]] = {
    "grey PNG": ("x.png", lambda path: save(GREY, path), GREY),
    "colour PNG": ("x.png", lambda path: save(COLOURS, path), COLOURS),
    "one bit PNG": (
        "x.png",
        lambda path: save(GREY, path, "1"),
        np.where(np.asarray(Image.fromarray(GREY).convert("1")), 255, 0),
    ),
    "palette PNG": ("x.png", palette, "expected.npy"),
    "transparent PNG": ("x.png", transparent, over_white()),
    "16 bit PNG": ("x.png", lambda path: save(SIXTEEN, path), GREY[::-1]),
    "16 bit TIFF": ("x.tif", lambda path: save(SIXTEEN, path), GREY[::-1]),
    "colour TIFF": ("x.tiff", lambda path: save(COLOURS, path, compression="tiff_lzw"), COLOURS),
    "CMYK TIFF": ("x.tif", lambda path: save(COLOURS, path, "CMYK"), COLOURS),
    "WebP": ("x.webp", lambda path: save(COLOURS, path, lossless=True), COLOURS),
    "BMP": ("x.bmp", lambda path: save(COLOURS, path), COLOURS),
    "PPM": ("x.ppm", lambda path: save(COLOURS, path), COLOURS),
    "grey with alpha": ("x.png", lambda path: save(GREY, path, "LA"), GREY),
    "JPEG called PNG": ("x.png", lambda path: save(GREY, path, format="TIFF"), GREY),
    "the first frame of a GIF": (
        "x.gif",
        lambda path: save(GREY, path, save_all=True, append_images=[Image.fromarray(255 - GREY)]),
        GREY,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_its_pixels(name: str) -> None:
    file, make, expected = FILES[name]
    make(file)
    pixels = np.load(expected) if isinstance(expected, str) else np.asarray(expected)
    header = read_header(Path(file))
    assert (header.fault, header.size) == ("", (9, 7))
    assert header.grey is (pixels.ndim == 2)
    picture = read_picture(Path(file), Target(None, "RGB"))
    assert picture.pixels is not None, picture.fault
    assert picture.pixels.dtype == np.uint8
    expected_colours = np.stack([pixels] * 3) if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    assert np.array_equal(picture.pixels, expected_colours)
    assert picture.transparent is (name == "transparent PNG")
    grey = read_picture(Path(file), Target(None, "L"))
    assert grey.pixels is not None
    assert grey.pixels.shape == (1, 9, 7)
    if pixels.ndim == 2:
        assert np.array_equal(grey.pixels[0], pixels)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs_of_every_mode_are_near_their_pixels(mode: str) -> None:
    smooth = np.add.outer(np.arange(32) * 4, np.arange(24) * 4).astype(np.uint8)
    Image.fromarray(smooth).convert(mode).save("x.jpg", quality=95)
    picture = read_picture(Path("x.jpg"), Target(None, "L"))
    assert picture.pixels is not None
    assert np.abs(picture.pixels[0].astype(int) - smooth).max() <= 6
    assert read_header(Path("x.jpg")).grey is (mode == "L")


@pytest.mark.parametrize("orientation", range(1, 9), ids=str)
def test_an_image_is_turned_as_its_exif_orientation_says(orientation: int) -> None:
    turn = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GREY).save("x.png", exif=exif)
    expected = turn(GREY)
    header = read_header(Path("x.png"))
    assert (header.size, header.turned) == (expected.shape, orientation > 1)
    picture = read_picture(Path("x.png"), Target(None, "L"))
    assert picture.pixels is not None
    assert np.array_equal(picture.pixels[0], expected)


def test_the_value_that_becomes_white_scales_16_bits() -> None:
    twelve = np.array([[0, 1024], [2048, 4095]], dtype=np.uint16)
    for number in range(6):
        write(f"photos/{['cat', 'dog'][number % 2]}/{number}.png", twelve + 0)
    data = load()
    assert any("6 of 16 bits, 65,535 is white, the largest value is 4,095" in remark for remark in data.reading.remarks)
    assert data.inputs[0, 0].tolist() == [[0, 4], [8, 16]]
    assert load(white=4095).inputs[0, 0].tolist() == [[0, 64], [128, 255]]


def test_values_beyond_16_bits_and_fractions_are_no_image() -> None:
    Image.fromarray(np.full((4, 4), 70_000, dtype=np.int32)).save("i.tif")
    Image.fromarray(np.full((4, 4), 0.5, dtype=np.float32)).save("f.tif")
    assert "values from 70000 to 70000; 8 or 16 bits" in read_picture(Path("i.tif"), Target(None, "L")).fault
    assert "fractions (32-bit floats)" in read_picture(Path("f.tif"), Target(None, "L")).fault


def test_one_mode_for_all_grey_where_all_files_are() -> None:
    for number in range(10):
        write(f"photos/{['cat', 'dog'][number % 2]}/{number}.png", GREY + number)
    assert load().shape == (1, 9, 7)
    assert load(mode=Mode.RGB).shape == (3, 9, 7)
    write("photos/cat/colour.png", COLOURS)
    data = load()
    assert data.shape == (3, 9, 7)
    assert "made RGB from L 10, RGB 1" in data.reading.remarks
    assert load(mode=Mode.L).shape == (1, 9, 7)


def test_several_sizes_are_refused_with_the_sizes_and_what_to_type() -> None:
    write_classes("photos")
    write("photos/cat/large.png", RNG.integers(0, 256, (30, 20, 3), dtype=np.uint8))
    with pytest.raises(InputError) as caught:
        load()
    assert "11 images have 2 sizes, 8×8 10, 30×20 1 (height×width); set dataset.size=64 (small networks) or" in str(
        caught.value
    )
    data = load(size=8)
    assert data.shape == (3, 8, 8)
    assert data.reading.remarks[0] == (
        "1 image brought to 8×8, 1 of another aspect ratio (the shorter side to the size, the centre kept: "
        "dataset.resize=crop); the files have 2 sizes, 8×8 10, 30×20 1"
    )
    assert load(size=[6, 4]).shape == (3, 6, 4)


def test_large_images_of_one_size_are_refused_until_a_size_is_typed() -> None:
    for number in range(4):
        write(f"photos/{['cat', 'dog'][number % 2]}/{number}.png", np.full((300, 200), number, dtype=np.uint8))
    with pytest.raises(
        InputError, match=r"all 4 images have 300×200 pixels, and images are taken as they are up to 256"
    ):
        load()
    assert load(size=[300, 200]).shape == (1, 300, 200)


def halves() -> np.ndarray:
    """40 × 80, the left quarter and the right one white, black between."""
    pixels = np.zeros((40, 80), dtype=np.uint8)
    pixels[:, :20] = pixels[:, 60:] = 255
    return pixels


@pytest.mark.parametrize(
    ("resize", "middle_row", "first_row"),
    [
        (Resize.crop, [0, 0, 0, 0, 0, 0, 0, 0], 0),
        (Resize.stretch, [255, 255, 0, 0, 0, 0, 255, 255], 255),
        (Resize.pad, [255, 255, 0, 0, 0, 0, 255, 255], 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_becomes_of_another_aspect_ratio(resize: Resize, middle_row: list[int], first_row: int) -> None:
    write("x.png", halves())
    picture = read_picture(Path("x.png"), Target((8, 8), "L", resize))
    assert picture.pixels is not None
    assert np.abs(picture.pixels[0, 4].astype(int) - middle_row).max() <= 25
    assert abs(int(picture.pixels[0, 0, 0]) - first_row) <= 25


def test_a_large_jpeg_made_small_is_near_the_mean_of_its_pixels() -> None:
    rows = np.add.outer(np.arange(400), np.arange(400)) * 255 / 798
    Image.fromarray(rows.astype(np.uint8)).save("x.jpg", quality=95)
    picture = read_picture(Path("x.jpg"), Target((20, 20), "L"))
    assert picture.pixels is not None
    assert np.abs(picture.pixels[0] - rows.reshape(20, 20, 20, 20).mean((1, 3))).max() < 5


def damage() -> None:
    write_classes("photos")
    whole = Path("photos/cat/1.png").read_bytes()
    Path("photos/cat/1.png").write_bytes(whole[: len(whole) // 2])
    Path("photos/dog/2.png").write_bytes(b"")
    Path("photos/dog/3.jpg").write_text("<html>404</html>")


def test_a_damaged_file_is_named_and_refused_or_left_out_and_named() -> None:
    damage()
    with pytest.raises(InputError) as caught:
        load()
    message = str(caught.value)
    assert "photos/cat/1.png cannot be read: image file is truncated" in message
    assert (
        "(3 of 11 images cannot be read); repair or remove it, or leave such files out with dataset.damaged=skip"
        in message
    )
    data = load(damaged=Damaged.skip)
    assert data.size + len(data.test_labels) == 8
    names = {*data.origins, *data.test_origins}
    assert not names & {"cat/1.png", "dog/2.png", "dog/3.jpg"}
    (what,) = [what for what in data.reading.unused if "damaged" in what]
    assert what == "3 damaged images"
    assert "cat/1.png (image file is truncated" in data.reading.unused[what]
    assert "dog/2.png (it is no image that can be read)" in data.reading.unused[what]
    for index, name in enumerate(data.items(range(data.size))):
        assert np.array_equal(data.inputs[index].numpy(), read(f"photos/{name}"))


def test_a_decompression_bomb_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    write_classes("photos")
    write("photos/cat/bomb.png", np.zeros((200, 200), dtype=np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30_000)
    with pytest.raises(InputError, match=r"cat/bomb.png cannot be read: it has more than 0 million pixels"):
        load()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    with pytest.raises(InputError, match=r"cat/bomb.png cannot be read: it has more than 0 million pixels"):
        load()


FAULTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no such folder": (lambda: None, {}, "dataset.path: there is no file or folder .*photos"),
    "a file": (lambda: Path("photos").write_text("x"), {}, "photos is a file; name the folder of the images"),
    "an empty folder": (lambda: Path("photos").mkdir(), {}, "photos holds no image; JPEG, PNG"),
    "texts only": (
        lambda: (write("photos/a/b.png").unlink(), Path("photos/a/b.txt").write_text("x")),
        {},
        r"holds no image \(it holds 1 file no",
    ),
    "no class": (lambda: write("photos/a.png"), {}, "holds 1 image and no folder of a class"),
    "one class": (lambda: write_classes("photos", ("cat",)), {}, "holds images of one class only .'cat'."),
    "a class of one image": (
        lambda: (write("photos/a/1.png"), write("photos/b/1.png")),
        {},
        "leave none for the test part",
    ),
    "parts without classes": (
        lambda: (write("photos/train/1.png"), write("photos/test/1.png")),
        {},
        "train holds 1 image and",
    ),
    "two test folders": (
        lambda: (write_classes("photos/train"), write_classes("photos/test"), write_classes("photos/Testing")),
        {},
        "has Testing/ and test/, which both are called after the test part",
    ),
    "a test folder beside test/": (
        lambda: (write_classes("photos/train"), write_classes("photos/test")),
        {"test_path": "photos"},
        "has the folder test/, and dataset.test_path names another test part",
    ),
    "the test folder is the folder": (
        lambda: write_classes("photos"),
        {"test_path": "photos"},
        "is the same as dataset.path",
    ),
    "similar classes": (lambda: write_classes("photos", ("cat", "Cat")), {}, "set dataset.similar_labels=merge"),
    "a group without a table": (
        lambda: write_classes("photos"),
        {"group": "patient"},
        "there is no table of the images",
    ),
    "no validation folder": (
        lambda: write_classes("photos"),
        {"with_validation": True},
        "has no folder val/ beside train/",
    ),
    "a validation folder that is not wanted": (
        lambda: write_classes("photos"),
        {"validation": "v"},
        "with validation=file only",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_folder_that_is_no_data_set_is_one_line(name: str) -> None:
    prepare, keys, message = FAULTS[name]
    prepare()
    with pytest.raises(InputError, match=message) as caught:
        load(**keys)
    assert "\n" not in str(caught.value)


TABLE_FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such file": (
        LABELS + "99.png,cat,p9\n",
        {"label": "label"},
        r"row 20 .*'99.png' is no image file under .* \(1 of 21 rows\)",
    ),
    "a file twice": (LABELS + "3.png,cat,p9\n", {"label": "label"}, "row 20 .*'3.png' is named in row 3, too"),
    "no column of files": ("a,label\n1,cat\n2,dog\n3,dog\n", {"file": "name"}, "dataset.file: .*has no column 'name'"),
    "two columns may be the label": (
        LABELS.replace("label", "colour"),
        {},
        "nothing says which of the columns colour, patient",
    ),
    "many numbers": (
        "file,label\n" + "".join(f"{n}.png,{n * 1.5}\n" for n in range(40)),
        {"label": "label"},
        "is no class label",
    ),
    "a label that is missing": (
        LABELS.replace("4.png,cat", "4.png,", 1),
        {"label": "label"},
        "the cell is empty: there is no label",
    ),
}


@pytest.mark.parametrize("name", TABLE_FAULTS)
def test_a_table_that_names_no_data_set_is_one_line(name: str) -> None:
    text, keys, message = TABLE_FAULTS[name]
    write_flat(text, 40)
    with pytest.raises(InputError, match=message):
        load(label_file="labels.csv", **keys)


def test_a_missing_file_is_left_out_with_damaged_skip() -> None:
    write_flat(LABELS + "99.png,cat,p9\n")
    data = load(label_file="labels.csv", label="label", damaged=Damaged.skip)
    assert data.size + len(data.test_labels) == 20
    assert data.reading.unused == {"1 row of the table": "no such image: dataset.damaged=skip"}


@pytest.mark.parametrize("size", [0, -3, [3], [3, 0], "large", [2, 3, 4]], ids=str)
def test_a_size_that_is_none(size: Any) -> None:
    with pytest.raises(
        InputError, match=r"dataset.size is .*; it must be one whole number above 0, or \[HEIGHT,WIDTH\]"
    ):
        ImageFolder(path="photos", size=size)


def test_test_images_of_the_training_part_are_a_remark() -> None:
    write_classes("photos/train")
    write_classes("photos/test", each=3)
    assert "6 of 6 test images are in the training part, too" in load().reading.remarks


def entries(folder: str = "cache") -> list[Path]:
    return sorted(Path(folder, "images").glob("*.npy"))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were decoded."""
    paths: list[Path] = []
    read_one = image_decoding.image_reading.read_picture

    def counted(path: Path, target: Target) -> Any:
        paths.append(path)
        return read_one(path, target)

    monkeypatch.setattr(image_decoding.image_reading, "read_picture", counted)
    return paths


def test_images_are_decoded_once_and_anew_where_a_file_changes(decoded: list[Path]) -> None:
    write_classes("photos")
    first = load(cache="cache")
    assert len(decoded) == 10
    again = load(cache="cache")
    assert len(decoded) == 10
    assert again.fingerprint() == first.fingerprint() == load(cache=None).fingerprint()
    assert again.reading == first.reading
    assert len(decoded) == 20
    write("photos/cat/0.png", seed=77)
    os.utime("photos/cat/0.png", (time.time() + 5,) * 2)
    changed = load(cache="cache")
    assert len(decoded) == 30
    assert changed.fingerprint() != first.fingerprint()
    load(cache="cache", size=4)
    assert len(entries()) == 3


def test_a_damaged_entry_is_made_anew(decoded: list[Path]) -> None:
    write_classes("photos")
    first = load(cache="cache")
    (entry,) = entries()
    content = bytearray(entry.read_bytes())
    content[-1] ^= 255
    entry.write_bytes(content)
    assert load(cache="cache").fingerprint() == first.fingerprint()
    assert len(decoded) == 20
    entry.with_suffix(".json").write_text("{}")
    assert load(cache="cache").fingerprint() == first.fingerprint()
    assert len(decoded) == 30
    assert load(cache="cache").fingerprint() == first.fingerprint()
    assert len(decoded) == 30


def test_damage_is_remembered_with_the_images(decoded: list[Path]) -> None:
    damage()
    with pytest.raises(InputError, match="cannot be read"):
        load(cache="cache")
    before = len(decoded)
    assert load(cache="cache", damaged=Damaged.skip).size == 6
    assert len(decoded) == before


def test_many_images_are_mapped_from_a_file_and_give_the_same_data(monkeypatch: pytest.MonkeyPatch) -> None:
    write_classes("photos/train", each=9)
    write_classes("photos/test", each=4, seed=1)
    write_classes("photos/val", each=2, seed=2)
    in_memory = load(with_validation=True)
    monkeypatch.setattr(image_decoding, "IN_MEMORY", 1000)
    with pytest.raises(
        InputError, match=r"30 images of 8×8 take 0.0 GB, which are mapped .* give cache=auto or cache=FOLDER"
    ):
        load(with_validation=True)
    for _ in range(2):
        mapped = load(with_validation=True, cache="cache")
        assert isinstance(mapped.inputs, MappedRows)
        assert torch.equal(mapped.inputs[:], in_memory.inputs)
        assert torch.equal(mapped.test_inputs[:], in_memory.test_inputs)
        assert mapped.fingerprint() == in_memory.fingerprint()
        torch.testing.assert_close(mapped.mean, in_memory.mean)
        torch.testing.assert_close(mapped.std, in_memory.std)


def test_an_interruption_leaves_no_part_of_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    write_classes("photos", each=200)
    monkeypatch.setattr(image_decoding, "IN_MEMORY", 1000)
    read_one, seen = image_decoding.image_reading.read_picture, []

    def interrupted(path: Path, target: Target) -> Any:
        seen.append(path)
        if len(seen) == 150:
            raise KeyboardInterrupt
        return read_one(path, target)

    monkeypatch.setattr(image_decoding.image_reading, "read_picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(cache="cache")
    assert len(seen) < 400
    assert [path.name for path in Path("cache/images").iterdir() if path.suffix != ".lock"] == []
    monkeypatch.setattr(image_decoding.image_reading, "read_picture", read_one)
    assert load(cache="cache").size == 320


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("kind", ["a named pipe", "a link to a device"])
def test_what_would_be_read_for_ever_is_a_damaged_file(kind: str) -> None:
    write_classes("photos")
    Path("photos/dog/2.png").unlink()
    if kind == "a named pipe":
        os.mkfifo("photos/dog/2.png")
    else:
        Path("photos/dog/2.png").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"dog/2\.png.* it is no regular file"):
        load()
    os.mkfifo("photos/dog/notes")
    assert len(load(damaged=Damaged.skip).inputs) + len(load(damaged=Damaged.skip).test_inputs) == 9
