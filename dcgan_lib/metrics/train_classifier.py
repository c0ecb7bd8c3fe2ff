"""Train the classifier of Fashion-MNIST, and measure it on the test split, once.

    python -m dcgan_lib.metrics.train_classifier --out data/checkpoints/fashion_classifier

takes a minute or two of one CPU core. The data set is found or downloaded as `dcgan_lib.data.load` does it.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from dcgan_lib.data import Images, batches, load
from dcgan_lib.metrics.classifier import SIZE, Classifier, save


def train(images: Images, epochs: int = 3, batch_size: int = 64, lr: float = 4e-3, seed: int = 0) -> Classifier:
    """Fit a classifier to labelled grey images of 32x32; every image is moved by up to two pixels each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = Classifier()
    opt = torch.optim.AdamW(classifier.parameters(), lr, weight_decay=1e-2)
    steps = epochs * (len(images) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=steps, pct_start=0.15)
    rng = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        for indices in batches(images, batch_size, seed, epoch):
            down, right = torch.randint(-2, 3, (2,), generator=rng).tolist()
            x = images.batch(indices).roll(
                (down, right), (2, 3)
            )  # what leaves on one side is background, as is the other
            loss = F.cross_entropy(classifier(x), images.labels[indices], label_smoothing=0.05)
            opt.zero_grad()
            loss.backward()
            opt.step()
            schedule.step()
    return classifier.eval()


def accuracy(classifier: Classifier, images: Images) -> float:
    """The share of labels that it names."""
    return float((classifier.labels(images.batch(slice(None))) == images.labels).double().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the classifier of Fashion-MNIST and measure it.")
    parser.add_argument("--out", type=Path, required=True, help="folder for classifier.safetensors and config.json")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    images, unseen = (load("fashion_mnist", image_size=SIZE, nc=1, split=split) for split in ("train", "test"))
    start = time.process_time()
    classifier = train(images, args.epochs, seed=args.seed)
    seconds = round(time.process_time() - start)
    record = {
        "what": "classifier of Fashion-MNIST, for its features; accuracy on the test split, looked at once",
        "test": {"n": len(unseen), "accuracy": round(accuracy(classifier, unseen), 4)},
        "data": {"name": "fashion_mnist", "split": "train", "n": len(images)},
        "run": {"epochs": args.epochs, "seed": args.seed, "cpu_seconds": seconds},
        "command": "python -m dcgan_lib.metrics.train_classifier --out data/checkpoints/fashion_classifier "
        f"--epochs {args.epochs} --seed {args.seed}",
        "hardware": f"1 thread, {platform.machine()}",
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "parameters": sum(p.numel() for p in classifier.parameters()),
    }
    print(f"{save(classifier, args.out, record)}: {record['test']['accuracy']:.2%} of the test split in {seconds} s")


if __name__ == "__main__":
    main()
