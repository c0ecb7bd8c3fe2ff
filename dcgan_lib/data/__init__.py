"""Where the images come from: drawn faces, the usual data sets, a folder of one's own."""

from dcgan_lib.data.images import Images, batches, epoch_order, to_uint8, to_unit

__all__ = ["Images", "batches", "epoch_order", "to_uint8", "to_unit"]
