// The losses of dcgan_lib.losses for a single sample, as functions of D's logit of it, and their slopes.
//
// `role` says whose loss it is: "g" (G's, of a fake), "d_fake" and "d_real" (D's share for a fake or a real image).
// A slope is d loss / d logit. Where a hinge has its kink the slope is 0, as torch has it.

export const sigmoid = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
export const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const logitOf = (probability) => Math.log(probability) - Math.log1p(-probability);

const square = (x) => x * x;
const relu = (x) => Math.max(x, 0);

/** value and slope of each; `t` is the target of real images, 1 without smoothing. */
const CROSS_ENTROPY = {
  d_real: [(l, t) => t * softplus(-l) + (1 - t) * softplus(l), (l, t) => sigmoid(l) - t],
  d_fake: [softplus, sigmoid],
};
const LINEAR = [(l) => -l, () => -1];

const FORMS = {
  non_saturating: { ...CROSS_ENTROPY, g: [(l) => softplus(-l), (l) => -sigmoid(-l)] },
  saturating: { ...CROSS_ENTROPY, g: [(l) => -softplus(l), (l) => -sigmoid(l)] },
  least_squares: {
    d_real: [(l) => square(l - 1) / 2, (l) => l - 1],
    d_fake: [(l) => square(l) / 2, (l) => l],
    g: [(l) => square(l - 1) / 2, (l) => l - 1],
  },
  wasserstein: { d_real: LINEAR, d_fake: [(l) => l, () => 1], g: LINEAR },
  hinge: {
    d_real: [(l) => relu(1 - l), (l) => (l < 1 ? -1 : 0)],
    d_fake: [(l) => relu(1 + l), (l) => (l > -1 ? 1 : 0)],
    g: LINEAR,
  },
};

export const LOSS_NAMES = Object.keys(FORMS);

export const lossAt = (name, role, logit, target = 1) => FORMS[name][role][0](logit, target);
export const slopeAt = (name, role, logit, target = 1) => FORMS[name][role][1](logit, target);

/** d loss / dD, D being the probability: what a loss of probabilities passes to the sigmoid before it. */
export function slopeOverProbability(name, role, logit, target = 1) {
  return slopeAt(name, role, logit, target) / (sigmoid(logit) * sigmoid(-logit));
}

/** Every loss at one logit: its value, its slope, and how often the slope of `chosen` holds this one's. */
export function readings(chosen, role, logit, target = 1) {
  const mine = slopeAt(chosen, role, logit, target);
  return LOSS_NAMES.map((name) => {
    const slope = slopeAt(name, role, logit, target);
    return { name, value: lossAt(name, role, logit, target), slope, ratio: slope === 0 ? null : mine / slope };
  });
}

/** Where the loss stops pulling, if it does at a finite logit. */
export function restingLogit(name, role, target = 1) {
  if (name === "least_squares") return role === "d_fake" ? 0 : 1;
  if (name === "hinge" && role !== "g") return role === "d_real" ? 1 : -1;
  return role === "d_real" && FORMS[name].d_real === CROSS_ENTROPY.d_real && target < 1 ? logitOf(target) : null;
}
