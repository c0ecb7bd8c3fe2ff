// Convolution arithmetic along one axis: sizes, which cell reads which through which tap of the kernel, how many taps
// reach a cell, and tables of layers. On a square map both axes do the same, and counts multiply.
//
// A setting is { kind, size, kernel, stride, padding, output_padding }. Of the two maps of a convolution one is small
// and one large: "strided" goes from the large to the small, "transposed" from the small to the large. Either way cell i
// of the small map and cell i * stride - padding + tap of the large one are connected, for every tap of the kernel.

/** Why the numbers do not go together, or "". */
export function problemOf({ kind, size, kernel, stride, padding, output_padding }) {
  if (kind === "strided") {
    if (size + 2 * padding >= kernel) return "";
    return (
      `kernel=${kernel} does not fit into ${size} + 2 x ${padding} padded pixels: ` +
      "use a smaller kernel, more padding or a larger input"
    );
  }
  if (output_padding >= stride) {
    return `output_padding=${output_padding}: give 0 to ${stride - 1}, it must be below the stride`;
  }
  const left = transposedSize(size, kernel, stride, padding, output_padding);
  return left >= 1 ? "" : `padding=${padding} leaves no output (${left} pixels): use less padding`;
}

const convSize = (n, k, s, p) => Math.floor((n + 2 * p - k) / s) + 1;
const transposedSize = (m, k, s, p, extra) => (m - 1) * s - 2 * p + k + extra;

/** Side of the output; of settings without a problem. */
export function outputSize({ kind, size, kernel, stride, padding, output_padding }) {
  return kind === "strided"
    ? convSize(size, kernel, stride, padding)
    : transposedSize(size, kernel, stride, padding, output_padding);
}

export function formulaOf(setting) {
  const { kind, size, kernel: k, stride: s, padding: p, output_padding } = setting;
  const out = outputSize(setting);
  if (kind === "transposed") return `n = (${size} − 1)·${s} − 2·${p} + ${k} + ${output_padding} = ${out}`;
  return `m = ⌊(${size} + 2·${p} − ${k}) / ${s}⌋ + 1 = ⌊${size + 2 * p - k} / ${s}⌋ + 1 = ${out - 1} + 1 = ${out}`;
}

export const smallSize = (setting) => (setting.kind === "strided" ? outputSize(setting) : setting.size);
export const largeSize = (setting) => (setting.kind === "strided" ? setting.size : outputSize(setting));
export const isSmall = (setting, side) => (setting.kind === "strided") === (side === "output");
export const sizeOf = (setting, side) => (side === "input" ? setting.size : outputSize(setting));

/** Sizes of the large map that share this size of the small one: the floor has made them one. */
export function sameSizes(setting) {
  const base = transposedSize(smallSize(setting), setting.kernel, setting.stride, setting.padding, 0);
  return Array.from({ length: setting.stride }, (_, extra) => base + extra).filter((n) => n > 0);
}

/** What a cell is connected to: [cell of the other side, tap]. Cells of the large map may lie outside it, on padding. */
export function connected(setting, side, cell) {
  const { kernel, stride, padding } = setting;
  const taps = Array.from({ length: kernel }, (_, tap) => tap);
  if (isSmall(setting, side)) return taps.map((tap) => [cell * stride - padding + tap, tap]);
  const small = smallSize(setting);
  return taps
    .map((tap) => [(cell + padding - tap) / stride, tap])
    .filter(([i]) => Number.isInteger(i) && i >= 0 && i < small)
    .reverse();
}

/** Outputs by inputs: the tap that connects them, or -1. */
export function tapMatrix(setting) {
  return Array.from({ length: outputSize(setting) }, (_, output) => {
    const row = Array(setting.size).fill(-1);
    for (const [input, tap] of connected(setting, "output", output)) if (input in row) row[input] = tap;
    return row;
  });
}

/** How many taps reach each cell of the large map. */
export function overlapOf(setting) {
  const side = setting.kind === "strided" ? "input" : "output";
  return Array.from({ length: largeSize(setting) }, (_, cell) => connected(setting, side, cell).length);
}

/** The least and the most taps on a cell, edges aside. */
export const beat = ({ kernel, stride }) => [Math.floor(kernel / stride), Math.ceil(kernel / stride)];

/**
 * The transposed convolution as one of stride 1 over stretched inputs: input i stands at i * stride, zeros between.
 * `before` and `after` zeros are put around; a negative number cuts. Output j reads the `kernel` places from j - before,
 * through the flipped kernel.
 */
export function stretched({ size, kernel, stride, padding, output_padding }) {
  const before = kernel - 1 - padding;
  return { before, after: before + output_padding, length: (size - 1) * stride + 1 };
}

export function stretchedWindow(setting, output) {
  const { before } = stretched(setting);
  return Array.from({ length: setting.kernel }, (_, t) => [output - before + t, setting.kernel - 1 - t]);
}

// --- tables of layers: { kind, start, rows: [{ kernel, stride, padding, output_padding, printed }] }

/** For each row the size, why there is none, and whether it is the printed one (null: cannot be said). */
export function walkTable({ kind, start, rows }) {
  let size = start;
  return rows.map((row) => {
    const setting = { ...row, kind, size };
    const problem = size === null ? "" : problemOf(setting);
    size = size === null || problem ? null : outputSize(setting);
    return { size, problem, right: size === null || row.printed === null ? null : size === row.printed };
  });
}

/** Each single number with which a row would give what it prints, nearest to what it has. */
export function mendsOf(table, index, bounds) {
  const row = table.rows[index];
  const size = index ? walkTable(table)[index - 1].size : table.start;
  if (size === null || row.printed === null) return {};
  const found = {};
  for (const name of ["kernel", "stride", "padding"]) {
    const [low, high] = bounds[name];
    for (let value = low; value <= high; value++) {
      const setting = { ...row, kind: table.kind, size, [name]: value };
      const nearer = !(name in found) || Math.abs(value - row[name]) < Math.abs(found[name] - row[name]);
      if (nearer && !problemOf(setting) && outputSize(setting) === row.printed) found[name] = value;
    }
  }
  return found;
}
