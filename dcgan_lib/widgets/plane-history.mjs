// The way a game has come: moments that one can go back to, and the measures at each. Its memory is bounded: when it is
// full, every second moment is forgotten, and from then on moments are kept half as often.

const FIRST_SPACING = 10; // steps
const MEMORY = 8e6; // bytes of weights
const [FEWEST, MOST] = [32, 128]; // moments

export function makeHistory(game, measure) {
  const most = Math.max(FEWEST, Math.min(MOST, Math.floor(MEMORY / game.bytes)));
  let moments = []; // { step, saved, loss_d, loss_g, divergence, modes }, in order of step
  let spacing = FIRST_SPACING;
  let sums = { loss_d: 0, loss_g: 0, steps: 0 }; // since the last moment
  let otherFuture = []; // what followed before the reader went back and took another way

  function keep() {
    const { loss_d, loss_g, steps } = sums;
    const losses = steps ? { loss_d: loss_d / steps, loss_g: loss_g / steps } : { loss_d: NaN, loss_g: NaN };
    moments.push({ step: game.steps, saved: game.save(), ...losses, ...measure() });
    sums = { loss_d: 0, loss_g: 0, steps: 0 };
    if (moments.length > most) {
      spacing *= 2;
      moments = moments.filter(({ step }) => step % spacing === 0);
    }
  }

  /** Play one step, and keep the moment if it is one to keep. */
  function step() {
    const later = moments.findIndex(({ step }) => step > game.steps);
    if (later >= 0) otherFuture = moments.splice(later).map(({ step, divergence }) => ({ step, divergence }));
    const stats = game.step();
    sums.loss_d += stats.loss_d;
    sums.loss_g += stats.loss_g;
    sums.steps++;
    if (game.steps % spacing === 0) keep();
    return stats;
  }

  /** Keep the present too, that one may come back to it. */
  function keepPresent() {
    if (!moments.some(({ step }) => step === game.steps)) keep();
  }

  /** Go to the last kept moment at or before `wanted`; `after`: to the first at or after it. */
  function goTo(wanted, after = false) {
    const later = after && moments.find(({ step }) => step >= wanted);
    const moment = later || moments.findLast(({ step }) => step <= wanted);
    game.load(moment.saved);
    sums = { loss_d: 0, loss_g: 0, steps: 0 };
    return moment;
  }

  keep(); // step 0
  return {
    step,
    goTo,
    keepPresent,
    get moments() {
      return moments;
    },
    get otherFuture() {
      return otherFuture;
    },
    get most() {
      return most;
    },
  };
}
