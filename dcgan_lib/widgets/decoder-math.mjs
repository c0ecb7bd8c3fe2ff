// What losses on a screen mean: the twin of dcgan_lib/training/decode.py, where every step is explained. The constants
// and the bounds come from Python (`book.constants`, `book.bounds`), so that there is one list of them.

const NUMBER = String.raw`([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf(?:inity)?))(?![\w.])`;
const GAP = String.raw`["']?\s*[:=]?\s*`;
const lossNames = (letter, short, long) =>
  String.raw`(?<![a-z])(?:loss[ _]?${letter}|(?:${letter}|${short}|${long})[ _]?loss|err[ _]?${letter}|loss of ${letter}|${letter}(?=\s+[-+\d.]))`;
const QUANTITIES = {
  loss_d: lossNames("d", "dis", "discriminator"),
  loss_g: lossNames("g", "gen", "generator"),
  d_real: String.raw`(?<![a-z])(?:d\(x\)|d_real)`,
  d_fake: String.raw`(?<![a-z])(?:d\(g\(z\)\)|d_fake)`,
  d_fake_after: String.raw`(?<![a-z])(?:d\(g\(z\)\)["']?\s*[:=]?\s*[\w.+-]+\s*/|d_fake_after)`,
};
const ORDER = Object.keys(QUANTITIES);
const BARE = { 1: ["loss"], 2: ORDER.slice(0, 2), 4: ORDER.slice(0, 4), 5: ORDER };

/** "-1.5", "nan" or "Infinity" as a number. */
function numberOf(text) {
  const bare = text.toLowerCase().replace(/^[-+]/, "");
  const size = bare.startsWith("inf") ? Infinity : bare === "nan" ? NaN : Number(bare);
  return text.startsWith("-") ? -size : size;
}

function namedNumbers(line) {
  const found = {};
  for (const [name, pattern] of Object.entries(QUANTITIES)) {
    const match = line.match(new RegExp(pattern + GAP + NUMBER, "i"));
    if (match) found[name] = match[1];
  }
  return found;
}

/** Of a line without names: one number wherever it stands, several only where nothing else does. */
function bareNumbers(line) {
  const pattern = new RegExp(String.raw`(?<![\w.])` + NUMBER, "gi");
  const numbers = line.match(pattern) ?? [];
  const alone = !/[a-z]/i.test(line.replace(pattern, ""));
  if (!(numbers.length in BARE) || !(alone || numbers.length === 1)) return {};
  return Object.fromEntries(BARE[numbers.length].map((name, i) => [name, numbers[i]]));
}

/** The numbers of each line that holds some, as they are written, by quantity. */
export function parseLosses(text) {
  const lines = text.replaceAll("\u2212", "-").split(/\r\n|\r|\n/);
  const named = lines.map(namedNumbers).filter((row) => Object.keys(row).length);
  if (named.length) return named;
  return lines.map(bareNumbers).filter((row) => Object.keys(row).length);
}

/** The keys of the constants that a number, as it is written, is to all its digits. */
export function recognise(written, quantity, constants) {
  const value = numberOf(written);
  const [mantissa, exponent] = written.toLowerCase().replace(/^[-+]+/, "").split("e");
  const [whole, decimals = ""] = mantissa.split(".");
  const digits = (whole + decimals).replace(/^0+/, "").length;
  const unit = 10 ** (Number(exponent ?? 0) - decimals.length);
  const fits = (constant) => {
    if (quantity !== "loss" && !(quantity in constant.says)) return false;
    if (constant.value === 0) return value === 0;
    const near = Math.max(0.5001 * unit, 1e-6 * Math.abs(constant.value)); // float32 prints more digits than it has
    return digits >= constant.digits && Math.abs(value - constant.value) <= near;
  };
  return constants.filter(fits).map(({ key }) => key);
}

/** What D gives every real image and every fake, if it gives all the same: [a, b]. */
export function outputsOf(lossD, lossG) {
  if (lossG === null) return [null, null];
  const b = lossG >= 0 ? Math.exp(-lossG) : 1 - Math.exp(lossG);
  if (lossD === null || b >= 1) return [null, b];
  const a = Math.exp(-lossD) / (1 - b);
  return [a <= 1.0005 ? a : null, b];
}

/** The least loss of D (the sum) that these mean outputs allow. */
export function floorOfD(real, fake, printed) {
  if (real === null || fake === null) return null;
  return -Math.log(Math.max(real, printed)) - Math.log(1 - Math.min(fake, 1 - printed));
}

export function leadState(real, fake, bounds) {
  const lead = real - fake;
  if (lead > bounds.won) return "won";
  if (lead > bounds.far) return "far";
  if (lead < -bounds.same) return "backwards";
  if (fake > bounds.fooled) return "g_ahead";
  return lead < bounds.same ? "same" : "healthy";
}

function guessHalves(text, lossD, floorD, known) {
  if (lossD === null) return "sum";
  if (floorD !== null) return lossD < 0.98 * floorD - 0.02 && 0.98 * floorD - 0.02 <= 2 * lossD ? "mean" : "sum";
  if (/\[d loss|\bacc/i.test(text)) return "mean";
  return known.some((key) => key === "log2" || key.endsWith("/2")) ? "mean" : "sum";
}

const EMPTY = {
  lines: 0,
  values: {},
  known: [],
  halves: "sum",
  real: null,
  fake: null,
  right: null,
  floor_d: null,
  floor_g: null,
  jsd: null,
  push: null,
  push_saturating: null,
  state: "nothing",
  remarks: [],
};

/** Read losses and outputs of D, and say what they mean; `halves` is "guess", "sum" or "mean". */
export function decodeLosses(text, halves, { constants, bounds }) {
  const rows = parseLosses(text);
  if (!rows.length) return EMPTY;
  const last = rows.slice(-bounds.last);
  const columns = {};
  const values = {};
  for (const name of ["loss", ...ORDER]) {
    const column = last.filter((row) => name in row).map((row) => row[name]);
    if (!column.length) continue;
    columns[name] = column;
    values[name] = column.map(numberOf).reduce((a, b) => a + b, 0) / column.length;
  }
  const remarks = rows.length > bounds.last ? ["last"] : [];
  const reading = { ...EMPTY, lines: rows.length, values, remarks };
  if (!Object.values(values).every(Number.isFinite)) {
    return { ...reading, state: "broken" };
  }

  const losses = Object.keys(columns).filter((name) => name.startsWith("loss"));
  const known = losses.flatMap((name) => recognise(columns[name].at(-1), name, constants).map((key) => [name, key]));
  const [lossG, dReal, dFake, dAfter] = ["loss_g", "d_real", "d_fake", "d_fake_after"].map((name) => values[name] ?? null);
  let lossD = values.loss_d ?? null;
  const floorD = floorOfD(dReal, dFake, bounds.printed);
  if (halves === "guess") {
    halves = guessHalves(text, lossD, floorD, known.filter(([name]) => name === "loss_d").map(([, key]) => key));
  }
  if (halves === "mean" && lossD !== null) {
    lossD *= 2;
    remarks.push("mean");
  }
  if (lossG !== null && lossG < 0) remarks.push("saturating");

  const sound = lossD === null || lossD >= 0;
  const [real, fake] = outputsOf(sound ? lossD : null, lossG);
  if (sound && real === null && lossD !== null && fake !== null && fake < 1) remarks.push("no_pair");
  const below = floorD !== null && lossD !== null && lossD < 0.98 * floorD - 0.02;
  const same = (column) => column.length >= bounds.repeats && new Set(column.slice(-bounds.repeats)).size === 1;
  const repeats = losses.length > 0 && losses.every((name) => same(columns[name])) && losses.some((name) => values[name]);
  if (repeats) remarks.push("repeats");

  const saysFake = dFake ?? dAfter ?? fake;
  const saysReal = dReal ?? real;
  const right = sound && lossD !== null ? Math.exp(-lossD / 2) : null;
  let state = "single";
  if (repeats || constants.some(({ key, frozen }) => frozen && known.some(([, found]) => found === key))) state = "frozen";
  else if (!sound || below) state = "other";
  else if (saysReal !== null && saysFake !== null) state = leadState(saysReal, saysFake, bounds);
  else if (right !== null) state = leadState(right, 1 - right, bounds);
  else if (saysFake !== null) state = leadState(Math.max(saysFake, 1 - saysFake), saysFake, bounds);
  const after = dAfter ?? fake ?? dFake;
  return {
    ...reading,
    known,
    halves,
    real,
    fake,
    right,
    floor_d: floorD,
    floor_g: dAfter === null ? null : -Math.log(Math.max(dAfter, bounds.printed)),
    jsd: state !== "frozen" && state !== "other" && lossD !== null ? Math.max(0, Math.log(2) - lossD / 2) : null,
    push: after === null || state === "frozen" ? null : 1 - after,
    push_saturating: state === "frozen" ? null : after,
    state,
  };
}
