// The numbers of DraggableProof in words.

import { LOG2 } from "./proof-math.mjs";
import { make } from "./ui.mjs";

const ZERO = 1e-9; // what sums of rounded numbers leave
const WEAK = 0.02; // a pull that a reader cannot see

/** Four decimals, more where they would all be zero; an infinity is said as such. */
export function exact(value) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return "∞";
  if (Math.abs(value) < ZERO) return "0";
  return Math.abs(value) < 5e-5 ? value.toExponential(1).replaceAll("-", "\u2212") : value.toFixed(4).replace("-", "\u2212");
}

const towards = (slope) => (slope > 0 ? "to the left" : "to the right");

/** What the state shows, in sentences. */
export function sentences({ jsd, saturating, non_saturating }, flat) {
  if (jsd < ZERO) return "The two are equal: D* is ½ everywhere, V is at its lowest, −log 4, and neither loss pulls.";
  if (Number.isNaN(non_saturating)) {
    return jsd > LOG2 - ZERO
      ? "No place is reached by both, and D* is sure: V sticks at 0 and JSD at log 2, near or far. Under the minimax loss no fake feels anything; the non-saturating loss is infinite, with no slope."
      : "Some fakes stand where data never are. There D* is 0: the minimax loss is flat, the non-saturating one infinite, with no slope.";
  }
  if (flat) return "D* is made of steps. Between its jumps it is flat, and no fake feels anything.";
  const [one, other] = [Math.abs(saturating), Math.abs(non_saturating)];
  if (one < ZERO && other < ZERO) return "Single fakes are pulled, but their pulls cancel: as a whole they stay.";
  if (saturating * non_saturating < 0) {
    return `Here the two losses disagree: minimax pulls the fakes ${towards(saturating)} with ${exact(one)}, the non-saturating loss ${towards(non_saturating)} with ${exact(other)}.`;
  }
  if (jsd > 0.05 && Math.max(one, other) < WEAK) {
    return `JSD is ${exact(jsd)}, and yet hardly anything pulls: minimax ${towards(saturating)} with ${exact(one)}, the non-saturating loss with ${exact(other)}.`;
  }
  const ratio = other / one;
  const times = ratio > 1000 ? "more than a thousand times as hard" : Math.abs(ratio - 1) < 0.05 ? "about as hard" : `${Number(ratio.toPrecision(2))} times as hard`;
  return `Both losses pull the fakes ${towards(saturating)}: minimax with ${exact(one)}, the non-saturating loss with ${exact(other)}, ${times}.`;
}

const pulls = (slope) => (Number.isNaN(slope) ? "an infinite loss" : Math.abs(slope) < ZERO ? "no pull" : `pulls ${towards(slope)}`);

/** Every row of the table: its name, the number, and what that is to be held against. */
const ROWS = [
  ["V(D*, G)", (read) => read.value, () => "= −log 4 + 2 JSD"],
  ["JSD", (read) => read.jsd, () => "at most log 2 = 0.6931"],
  ["2 JSD", (read) => 2 * read.jsd, () => "at most log 4 = 1.3863"],
  ["KL(data ‖ fakes)", (read) => read.kl_data_fakes, (kl) => (kl === Infinity ? "data without fakes" : "")],
  ["KL(fakes ‖ data)", (read) => read.kl_fakes_data, (kl) => (kl === Infinity ? "fakes without data" : "")],
  ["minimax slope", (read) => read.saturating, pulls],
  ["non-saturating slope", (read) => read.non_saturating, pulls],
];

export function table() {
  const body = make("tbody");
  const cells = ROWS.map(([textContent]) => {
    const [number, note] = [make("td"), make("td")];
    body.append(make("tr", "", {}, make("th", "", { textContent, scope: "row" }), number, note));
    return [number, note];
  });
  const draw = (read) =>
    ROWS.forEach(([, of, note], i) => {
      cells[i][0].textContent = exact(of(read));
      cells[i][1].textContent = note(of(read));
    });
  return { element: make("table", "proof-table", {}, body), draw };
}
