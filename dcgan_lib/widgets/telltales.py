"""What the recorded runs are called, and by what each could have been told.

Each claim about a run is one that the recording bears out; `tests/test_training_scrubber.py` looks.
"""

CASES = {
    "healthy": {
        "label": "healthy",
        "tell": "D leads, but not by far: over the last 300 steps it gives real images 0.76 on average and fakes "
        "0.15. What all faces share comes first, details last. The losses do not fall meanwhile, so progress "
        "is not to be read from them.",
    },
    "strong-d": {
        "label": "D's rate far too high",
        "tell": "D(x) is near 1 and D(G(z)) near 0 within a hundred steps, and for good; D's loss is near 0, G's "
        "above 6. D is right about everything, and what it still says hardly differs from fake to fake. Its "
        "rate is a hundred times G's. The cure is balance: equal rates first.",
    },
    "collapse": {
        "label": "G's rate far too high",
        "tell": "Look across the samples, not at one of them: up to step 700 they draw nearly the same thing, and "
        "leap to the next one together. G's rate is fifty times D's, so D notices too late. The curves do not"
        " tell: after the first swings both probabilities are near one half, as in the equilibrium of the "
        "theory. Slow G down, or speed D up.",
    },
    "fast": {
        "label": "both rates ten times too high",
        "tell": "The samples lurch: glaring colours at step 100, where the healthy run draws grey outlines, and all "
        "lean the same way. Then they recover, and a fine grain stays; G's loss ends at 4.4 instead of 2.5. Not "
        "as bad as you thought? A thousand steps reward speed. What a high rate costs, a long run pays.",
    },
    "momentum": {
        "label": "beta1 = 0.9",
        "tell": "The samples share one palette, change it together, and wear a chequered pattern; at the end they have "
        "0.38 of the variety of faces. D is ahead for good: its loss is 0.02 on average, G's 7.6. By the "
        "curves it could be a D with too high a rate, whose samples, however, hardly leave the grey. Inertia "
        "carries G past each point where D has turned already. The cure: beta1 = 0.5.",
    },
    "no-batch-norm": {
        "label": "no batch norm",
        "tell": "All samples take one colour, then all the next. Without batch norm the signals of small weights fade "
        "on their way through G, and z hardly reaches the image: at step 100 the samples have 0.06 of the "
        "variety of faces, at the end 0.69. The first losses are those of chance, as with the wrong gains; from "
        "step 100 on the curves look healthy.",
    },
    "gains": {
        "label": "wrong initial gains",
        "tell": "The first losses are those of chance, 1.388 and 0.694, where a random D should have random opinions;"
        " at step 50 the samples are still an even grey. The gains of batch norm began at N(0, 0.02) instead "
        "of N(1, 0.02). The run is not dead but late: at its end nothing gives it away.",
    },
    "both-sided": {
        "label": "smoothed on both sides",
        "tell": "Look at D's loss: it never falls below 0.69, where the healthy one comes down to 0.14. With the "
        "targets 0.9 and 0.1 no D can pay less than 0.65. The samples are no worse, so at this length the "
        "mistake is harmless. Its cost is in the theory: where there are no real images, it rewards G for "
        "staying where it is.",
    },
    "no-detach": {
        "label": "no detach",
        "tell": "Did you take it for the healthy one? So did we. D's loss flows into G's gradient; where D is sure of"
        " the fakes that changes little. Neither pictures nor curves point at it. Only a test that compares "
        "gradients finds it.",
    },
    "few-images": {
        "label": "only 64 images",
        "tell": "Between steps 100 and 300 the variety of the samples falls by half, from 0.38 to 0.17, while D grows "
        "sure of its real images. It sees each of the 64 every second step, so it can learn them by heart; whether "
        "it has, only images that it never saw would tell. The samples recover, share their backgrounds, and wear "
        "a grain at the end.",
    },
}
