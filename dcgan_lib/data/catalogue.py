"""The data sets that `load` knows by name: what each is, how large, under which licence. One place for it all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSet:
    """One named data set."""

    key: str  # what `load` is asked for
    title: str
    about: str
    size: str  # of one image, as it is published
    count: int  # images in the training split; 0 when there is no end
    licence: str
    download_mb: int  # 0: nothing to download
    homepage: str = ""
    torchvision: str = ""  # its class in `torchvision.datasets`
    folder: str = ""  # below the data root, where that class is sent
    splits: tuple[str, ...] = ("train", "test")
    label_names: tuple[str, ...] = ()
    files: str = ""  # what to put where by hand, below the data root


_DIGITS = tuple("0123456789")
_IDX = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz"
_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_THINGS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"

CATALOGUE: dict[str, DataSet] = {
    data_set.key: data_set
    for data_set in (
        DataSet(
            key="faces",
            title="Drawn faces",
            about="cartoon faces that the library draws, with known attributes",
            size="any",
            count=0,
            licence="MIT (part of this project)",
            download_mb=0,
            splits=("train",),
        ),
        DataSet(
            key="fashion_mnist",
            title="Fashion-MNIST",
            about="clothes in ten classes (Xiao, Rasul and Vollgraf 2017)",
            size="28x28 grey",
            count=60_000,
            licence="MIT (Zalando SE)",
            download_mb=30,
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            torchvision="FashionMNIST",
            folder="fashion_mnist",
            label_names=tuple(_CLOTHES.split(",")),
            files=f"{_IDX} in fashion_mnist/FashionMNIST/raw",
        ),
        DataSet(
            key="mnist",
            title="MNIST",
            about="handwritten digits (LeCun, Cortes and Burges 1998)",
            size="28x28 grey",
            count=60_000,
            licence="CC BY-SA 3.0 (LeCun, Cortes)",
            download_mb=12,
            homepage="https://github.com/cvdfoundation/mnist",
            torchvision="MNIST",
            folder="mnist",
            label_names=_DIGITS,
            files=f"{_IDX} in mnist/MNIST/raw",
        ),
        DataSet(
            key="cifar10",
            title="CIFAR-10",
            about="small photographs of animals and vehicles (Krizhevsky 2009)",
            size="32x32 RGB",
            count=50_000,
            licence="none stated; the authors ask to be cited",
            download_mb=170,
            homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
            torchvision="CIFAR10",
            folder="cifar10",
            label_names=tuple(_THINGS.split(",")),
            files="the unpacked cifar-10-python.tar.gz, that is, cifar10/cifar-10-batches-py",
        ),
        DataSet(
            key="svhn",
            title="SVHN",
            about="house numbers in street photographs (Netzer et al. 2011)",
            size="32x32 RGB",
            count=73_257,
            licence="non-commercial use only",
            download_mb=182,
            homepage="http://ufldl.stanford.edu/housenumbers/",
            torchvision="SVHN",
            folder="svhn",
            splits=("train", "test", "extra"),
            label_names=_DIGITS,
            files="train_32x32.mat (test_32x32.mat, extra_32x32.mat for the other splits) in svhn",
        ),
        DataSet(
            key="celeba",
            title="CelebA",
            about="celebrities' faces with 40 attributes (Liu et al. 2015)",
            size="178x218 RGB",
            count=162_770,
            licence="non-commercial research only",
            download_mb=1_440,
            homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
            torchvision="CelebA",
            splits=("train", "valid", "test", "all"),
            files="the unpacked img_align_celeba.zip as celeba/img_align_celeba, and beside it, in celeba, "
            "the five .txt files of its folders Anno and Eval",
        ),
    )
}
