// What the closed form says of a play, in words: the eigenvalues decide, a formula says why where there is one.

import { boundOf, eigenvalues, largest, linear, updateMatrix } from "./dirac-math.mjs";
import { written } from "./ui.mjs";

const SAME = 1e-9; // moduli this near to 1 are 1

/** "0.955 ± 0.15 i" for a pair, else the number itself. */
export function complexTexts(values) {
  const texts = values.map(([re, im]) => {
    if (im < 0 && values.some(([a, b]) => Math.abs(a - re) < 1e-7 && Math.abs(b + im) < 1e-7)) return null; // its twin speaks
    return im ? `${written(re, 3)}\u00a0±\u00a0${written(im, 3)}\u00a0i` : written(re, 3);
  });
  return texts.filter(Boolean);
}

/** The R1 weight at which the pair of eigenvalues meets: less brings turning, more brings creeping. */
export function criticalGamma(play) {
  const { slope, damping } = linear(play);
  const meets = play.method === "alternating" ? slope * (2 - play.h * slope) : 2 * slope;
  return meets - (damping - play.gamma); // noise does its share
}

/** Which way it goes near rest: "in", "circles", "border" or "out". */
export function fateOf(play) {
  const values = eigenvalues(updateMatrix(play));
  const size = largest(values);
  if (Math.abs(size - 1) > SAME) return size < 1 ? "in" : "out";
  const [[a, b], [c, d]] = values;
  return Math.hypot(a - c, b - d) < 1e-6 ? "border" : "circles"; // a double eigenvalue of size 1 drifts away
}

/** One sentence on what happens near rest, with the largest modulus in it. */
export function nearRest(play) {
  const { slope, damping } = linear(play);
  const values = eigenvalues(updateMatrix(play));
  const fate = fateOf(play);
  const size = written(largest(values), 4);
  const ends = `|λ|\u2060\u00a0=\u00a0${size}`; // in one piece: a line may otherwise break behind a bar
  const turns = values.some(([, im]) => im !== 0);
  const lever = `h\u00a0f\u2032(0)\u00a0=\u00a0${written(play.h * slope, 3)}`;
  const alternating = play.method === "alternating";
  if (play.momentum) return withMomentum({ play, fate, ends, lever, damping, alternating });

  if (!damping && !alternating) return `Spirals out: |λ| = √(1 + h² f\u2032(0)²) = ${size}, above 1 for every h.`;
  if (fate === "circles" && !damping) return `Circles: a step's determinant is 1, so |λ| = 1 as long as h f\u2032(0) < 2. Here ${lever}.`;
  if (fate === "border" && !damping) return `On the border: ${lever}. The eigenvalues meet, and the least push leads away.`;
  if (!damping) return `Flies off: ${lever} is above 2, and ${ends}.`;
  if (fate !== "in" && fate !== "out") return "On the border: this damping and this step size balance, |λ| = 1.";
  if (!turns) {
    if (fate === "out") return `Overshoots: the step is too large for this much damping, ${ends}.`;
    const critical = Math.abs(play.gamma - criticalGamma(play)) < 0.02;
    return critical
      ? `Comes to rest without turning, at critical damping: ${ends}, which the steps approach slowly.`
      : `Comes to rest without turning, but more slowly than at critical damping: ${ends}.`;
  }
  const formula = alternating ? "√(1 − h d)" : "√(1 − h d + h² f\u2032(0)²)";
  const d = `damping d = ${written(damping, 3)}`;
  if (fate === "out") return `Spirals out in spite of its ${d}: |λ| = ${formula} = ${size}. It needs more damping or a smaller h.`;
  return `Spirals in, with ${d}: |λ| = ${formula} = ${size}.`;
}

function withMomentum({ play, fate, ends, lever, damping, alternating }) {
  const beta = play.momentum;
  if (damping) {
    const result = fate === "in" ? "Comes to rest" : "Leaves";
    return `${result}: with momentum a step remembers the last one, so there are four eigenvalues; the largest has ${ends}.`;
  }
  if (!alternating) return `Spirals out: in simultaneous steps no momentum, of either sign, brings rest. ${ends}.`;
  if (beta > 0) return `Spirals out: positive momentum carries the players past rest. ${ends}.`;
  const border = `2\u00a0(1\u00a0+\u00a0β)\u00a0=\u00a0${written(2 * (1 + beta), 3)}`;
  return fate === "in"
    ? `Comes to rest: negative momentum calms alternating steps while h f\u2032(0) < ${border}. Here ${lever}, ${ends}.`
    : `Does not come to rest: ${lever} is not below ${border}, ${ends}.`;
}

/** What the straight-line picture cannot know. */
export function farOut(play) {
  const { damping } = linear(play);
  const fate = fateOf(play);
  const said = [];
  if (play.game === "wasserstein" && play.noise) said.push("Noise changes nothing here: the game is linear, and the noise has mean zero.");
  if (fate !== "in" && boundOf(play) < Infinity) said.push("Clipping holds ψ: the path cannot fly off, but it ends on a loop, not at rest.");
  if (play.game === "non_saturating" && !damping && !play.momentum) {
    if (fate === "out" && play.method === "simultaneous") said.push("Far out, these losses pull in by themselves: the path settles on a ring.");
    if (fate === "circles") said.push("The losses' own curvature pulls it in, ever more slowly.");
  }
  if (play.game === "saturating" && fate === "out" && !damping) said.push("Far out, where ψθ is very negative, both losses saturate and the players hardly move.");
  return said.join(" ");
}

/** How far the dashed curve can be trusted. */
export function flowWords(curve) {
  if (!curve) return "";
  if (curve.end) return "The dashed circle is where infinitely small steps end.";
  return curve.exact ? "The dashed flow is exact." : "The dashed flow is the straight-line picture, good near rest.";
}
