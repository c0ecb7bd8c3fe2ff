// TrainingScrubber: which picture and which numbers belong to a step, and what is said of a guess. No DOM.
//
// A run's manifest: `frames` are the steps whose samples were kept, `numbers` and `looks` are columns by step.

export const PANELS = {
  losses: { title: "losses", scale: "0 to 8", top: 8, lines: [["loss_d", "D", "d"], ["loss_g", "G", "g"]], marks: [2 * Math.LN2, Math.LN2] },
  outputs: { title: "D's opinion", scale: "0 to 1", top: 1, lines: [["d_real", "D(x)", "real"], ["d_fake", "D(G(z))", "g"]], marks: [0.5] },
  variety: { title: "variety", scale: "faces: 1", top: 1.2, lines: [["variety", "samples", "g"]], marks: [1] },
};

export const numberOf = (i) => String(i + 1);

/** Where the last of these ascending steps stands that is not after `step`; the first where all are. */
export function placeOf(steps, step) {
  return Math.max(0, steps.findLastIndex((one) => one <= step));
}

/** The one of these steps that is nearest to a place on the axis. */
export function nearest(steps, place) {
  return steps.reduce((best, one) => (Math.abs(one - place) < Math.abs(best - place) ? one : best), steps[0]);
}

/** The columns of one panel's line: steps and values. */
export function column({ numbers, looks }, name) {
  return name === "variety" ? [looks.step, looks.variety] : [numbers.step, numbers[name]];
}

/** The numbers that belong to the picture of `step`, as they were recorded; null for what was not. */
export function readingAt(manifest, step) {
  const shown = manifest.frames[placeOf(manifest.frames, step)];
  const reading = { step: shown };
  for (const [name] of Object.values(PANELS).flatMap(({ lines }) => lines)) {
    const [steps, values] = column(manifest, name);
    reading[name] = values[placeOf(steps, shown)] ?? null;
  }
  return reading;
}

/** A number as it was written down, to three decimals. */
export const told = (value) => (value === null ? "none" : value.toFixed(3));

/** What is answered to a guess; an empty guess has asked for the answer. */
export function verdict(cases, truth, guess) {
  const { label } = cases[truth];
  if (!guess) return `This is: ${label}.`;
  if (guess === truth) return `Right. This is: ${label}.`;
  return `Not this time. This is: ${label}. You said: ${cases[guess].label}.`;
}

/** What stands beside a run whose name is out: what it was taken for, else a healthy one. */
export function besides(truth, guess) {
  return guess && guess !== truth ? guess : truth === "healthy" ? null : "healthy";
}

/** How it went so far: "3 of 4 found". */
export function score(runs, guess, revealed) {
  const found = revealed.filter((number) => guess[number] === runs[number - 1]);
  return revealed.length ? `${found.length} of ${revealed.length} found` : "";
}
