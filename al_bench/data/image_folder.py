"""A user's own images: files in a folder a class, or in one folder with a table of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from al_bench import checks
from al_bench.data.csv_table import Header
from al_bench.data.files import find_file
from al_bench.data.images import Normalise
from al_bench.data.separators import parse_separator
from al_bench.data.split import check_split
from al_bench.data.table_choices import Damaged, MissingLabels, Mode, Nested, Resize, SimilarLabels
from al_bench.data.user_data import UserData, check_classes_key
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.data.table import Table


@dataclass
class ImageFolder(UserData):
    """Image files as inputs uint8 [N, C, H, W]: JPEG, PNG, WebP, TIFF, BMP, GIF, PGM and PPM.

    Their classes are the names of the folders that they are in, such as FOLDER/cat/1.jpg. Where the folders are called
    train and test (and val), the classes are the folders in these. Or the files lie anywhere under one folder, and
    `label_file` is a table that names each file and its label. Files that are no images, and hidden ones, are left out
    and counted.

    Or they lie in tar files, as WebDataset writes them: a folder of shards (or one file) with members KEY.jpg (.png,
    .webp …) and, beside it, KEY.cls, a class's number or name, or KEY.json with a field of the label. They are read
    from there without being unpacked, in the order of the numbers in the files' names; the keys are the images' names.

    Images of one size are taken as they are up to 256 pixels a side; else `size` has to be given. Files are turned as
    their EXIF orientation says; 16 bits become 8; what is transparent becomes white; of several frames the first one is
    used. Images are decoded once, in parallel, and kept in the cache's folder as long as no file changes; more than a
    gigabyte of them is mapped from there.

    Args:
        path: The folder, or a tar file. A relative path is looked for in the current folder, then under the data root.
        label_file: A table of any kind that `dataset=table` reads.
        file: Its column of the files' names, relative to `path`; recognised if not given.
        label: Its column of the labels; the one with a label's name, or the only other one, if not given. Of tar
            files: the field of KEY.json.
        test_path: A folder of the same kind (with `label_file`: a table) with the test part, in place of a folder
            test/.
        validation: The same with the validation part, which is read where `validation=file`.
        test_fraction: The share of the images in a test part split off.
        split_seed: Seed of the choice of images, independent of the run's seed.
        classes: The classes in their order, such as [cat,dog]; any other label is refused. If not given, those that
            occur, sorted.
        group: The column of `label_file` (of tar files: the field of KEY.json) with the images' groups, such as
            patients: none is in two parts.
        nested: Of images in a folder of a class's folder: `refuse`, `top` (of the upper folder's class) or `leaf` (of
            a class of their own). For `al-bench query`: of images in any folder; there `ignore` says that folders name
            no classes.
        size: What all images are brought to: one number for squares, or [height, width]; null for their own size.
        resize: What becomes of another aspect ratio: `crop` keeps the centre, `pad` adds black, `stretch` distorts.
        mode: `L` for grey, `RGB`, or `auto`: grey where all files are.
        white: The value of images of 16 bits that becomes white; 65,535 if not given.
        normalise: `standard` for zero mean and unit variance by channel, `unit` for pixels in [0, 1].
        damaged: What becomes of files that cannot be read, or that the table names and are not there: `refuse` or
            `skip`.
        missing_labels, similar_labels: See `CsvDataset`; of tables and of tar files.
        separator, header, encoding: How `label_file` is read; see `CsvDataset`.
        name: The dataset's name; the folder's name if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    label_file: str | None = None
    file: str | None = None
    label: str | None = None
    test_path: str | None = None
    validation: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    classes: list[str] | None = None
    group: str | None = None
    nested: Nested = Nested.refuse
    size: Any = None
    resize: Resize = Resize.crop
    mode: Mode = Mode.auto
    white: int | None = None
    normalise: Normalise = Normalise.standard
    damaged: Damaged = Damaged.refuse
    missing_labels: MissingLabels = MissingLabels.refuse
    similar_labels: SimilarLabels = SimilarLabels.refuse
    separator: str = "auto"
    header: Header = Header.auto
    encoding: str | None = None
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the folder of the images: dataset.path=FOLDER")
        parse_separator(self.separator)
        check_split(self.test_fraction, self.split_seed)
        check_classes_key(self.classes)
        self.pixels()
        if self.white is not None:
            checks.at_least("dataset.white", self.white, 1)
        if self.file is not None and self.label_file is None:
            raise InputError("dataset.file names a column, and dataset.label_file is not given; give both")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        idle = (
            {}
            if self.size is not None
            else {"resize": "dataset.size is null, and images keep theirs; set dataset.size=64"}
        )
        if self.label_file is None and self.is_tars:
            reason = "the labels lie in the tar files"
            return idle | dict.fromkeys(("separator", "header", "encoding", "nested"), reason)
        if self.label_file is None:
            reason = "folders name the classes; set dataset.label_file=FILE"
            return idle | dict.fromkeys(("separator", "header", "encoding", "missing_labels"), reason)
        return idle | {"nested": "dataset.label_file names the classes; set dataset.label_file=null"}

    @property
    def item_name(self) -> str:
        """Images are named by their files."""
        return "file"

    @property
    def is_tars(self) -> bool:
        """Whether the images lie in tar files."""
        from al_bench.data.image_tars import tars_at

        try:
            return tars_at(str(self.path), "dataset.path", self.root) is not None
        except InputError:  # which `load` raises
            return False

    @property
    def skips_damaged(self) -> bool:
        """Whether files that cannot be read are left out."""
        return self.damaged is Damaged.skip

    def pixels(self) -> tuple[int, int] | None:
        """`size` as (H, W); None where none is given.

        Raises:
            InputError: It is neither a whole number nor two.
        """
        sides = [self.size, self.size] if isinstance(self.size, int) else self.size
        if sides is None:
            return None
        good = (
            isinstance(sides, list | tuple)
            and len(sides) == 2
            and all(type(side) is int and side > 0 for side in sides)
        )
        checks.require(good, "dataset.size", self.size, "one whole number above 0, or [HEIGHT,WIDTH]")
        return int(sides[0]), int(sides[1])

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Find, decode and divide the images; see `UserData.load`. `initial_rows` are files' names."""
        from al_bench.data.image_dataset import build

        if self.validation and not validation:
            from al_bench.data.user_data import check_validation

            check_validation(self.validation, validation)
        return build(self, initial_rows, validation, cache)

    def load_pool(self, cache: str | None = "auto") -> Dataset:
        """Find and decode every image; see `UserData.load_pool`."""
        from al_bench.data.image_dataset import build

        return build(self, (), False, cache, pool=True)

    def read(self, path: str, key: str) -> Table:
        """The cells of a table of labels."""
        from al_bench.data.table_reader import ReadingKeys, read_table

        header = {Header.auto: None, Header.present: True, Header.absent: False}[self.header]
        return read_table(find_file(path, key, self.root), ReadingKeys(self.separator, header, self.encoding))
