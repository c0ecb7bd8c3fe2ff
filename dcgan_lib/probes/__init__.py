"""What a network has learned, asked by a linear classifier on its features (Radford et al. 2016, sections 5.1, 5.2).

```python
pool = published("svhn", image_size=32, nc=3, valid=10_000)
found = probe(of_d(D, pool.train), pool, n_labels=(1000,), draws=100)
found["class"]["1000"]["scores"]  # accuracy on the test split, one for each draw of labels
```
"""

from dcgan_lib.probes.features import d_features, feature_count, of_d, pixels, random_d, settled
from dcgan_lib.probes.kmeans import KMeansFeatures, kmeans_features
from dcgan_lib.probes.linear import linear_svm
from dcgan_lib.probes.pools import Pool, published
from dcgan_lib.probes.recipe import probe

__all__ = [
    "KMeansFeatures",
    "Pool",
    "d_features",
    "feature_count",
    "kmeans_features",
    "linear_svm",
    "of_d",
    "pixels",
    "probe",
    "published",
    "random_d",
    "settled",
]
