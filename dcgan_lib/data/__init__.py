"""Where the images come from: drawn faces, the usual data sets, a folder of one's own."""

from dcgan_lib.data.cache import cache_root
from dcgan_lib.data.catalogue import CATALOGUE, DataSet
from dcgan_lib.data.errors import BadFile, DataError
from dcgan_lib.data.faces import DrawnFaces, EndlessFaces
from dcgan_lib.data.folder import FolderIndex, index_folder
from dcgan_lib.data.images import Images, batches, epoch_order, to_uint8, to_unit
from dcgan_lib.data.loading import load
from dcgan_lib.data.sources import data_root

__all__ = [
    "CATALOGUE",
    "BadFile",
    "DataError",
    "DataSet",
    "DrawnFaces",
    "EndlessFaces",
    "FolderIndex",
    "Images",
    "batches",
    "cache_root",
    "data_root",
    "epoch_order",
    "index_folder",
    "load",
    "to_uint8",
    "to_unit",
]
