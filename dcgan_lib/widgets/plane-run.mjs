// A game in time: it is played in slices that leave the page its frames, towards a goal or for as long as it plays.

import { makeGame } from "./plane-game.mjs";
import { makeHistory } from "./plane-history.mjs";

const FRAME = 14; // milliseconds of a frame that playing and drawing may take together
const LEAST = 4; // of them for playing, however long the drawing takes
const SLOW = 400; // milliseconds from step to step
export const SPEEDS = { slow: "slow", frame: "a step a frame", fast: "fast" };

/**
 * `draw(settled)` is called once a frame while steps are played, and once, settled, when they end. Nothing runs until
 * `wake()`, nor after `sleep()`: that is for a widget out of view.
 */
export function makeRun({ draw, speed }) {
  let [game, history, goal, playing, awake, asked, last, drawing] = [null, null, null, false, false, 0, 0, 0];

  const wanted = () => goal !== null || playing;
  function ask() {
    if (awake && game && wanted()) asked ||= requestAnimationFrame(frame);
  }

  function playFor(budget) {
    const end = performance.now() + budget;
    do history.step();
    while (performance.now() < end && game.steps !== goal);
  }

  function frame(now) {
    asked = 0;
    const slice = Math.max(LEAST, FRAME - drawing);
    if (goal !== null) {
      if (game.steps < goal) playFor(slice);
    } else if (speed() === "fast") {
      playFor(slice);
    } else if (speed() === "frame" || now - last >= SLOW) {
      history.step();
      last = now;
    }
    if (game.steps === goal) goal = null;
    const begun = performance.now();
    draw(!wanted());
    drawing = 0.8 * drawing + 0.2 * (performance.now() - begun);
    ask();
  }

  return {
    /** A new game; `measure` looks at it whenever a moment is kept. */
    begin(data, config, measure) {
      game = makeGame(data, config);
      history = makeHistory(game, () => measure(game));
    },
    /** Go to a step: back to a kept moment and from there on, or ahead. */
    goTo(step) {
      history.keepPresent();
      const moment = history.goTo(step);
      goal = moment.step < step ? step : null;
      goal === null ? draw(!wanted()) : ask();
    },
    /** Look at the next kept moment on the way to this step, without playing. */
    look(step) {
      history.keepPresent();
      history.goTo(step, step > game.steps);
      goal = null;
      draw(true);
    },
    step(count = 1) {
      goal = game.steps + count;
      ask();
    },
    play(yes) {
      playing = yes;
      if (yes) goal = null;
      else if (goal === null) draw(true);
      ask();
    },
    wake() {
      awake = true;
      ask();
    },
    sleep() {
      awake = false;
      cancelAnimationFrame(asked);
      asked = 0;
    },
    get game() {
      return game;
    },
    get history() {
      return history;
    },
    get busy() {
      return wanted();
    },
  };
}
