// Full-scale values in steps of 1-2-5 that stay while the value moves a little, so that bars and
// arrows do not breathe.

/** How far under the lower step a value must fall before the scale follows it down. */
const HYSTERESIS = 0.8;

/** The smallest step of 1-2-5 that holds `value`. */
export function stepAbove(value: number): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * decade >= value * (1 - 1e-9)) ?? 10;
  return step * decade;
}

/** The full scale for `value`, given the one that is shown. */
export function fullScale(value: number, shown: number | null): number {
  const wanted = stepAbove(value);
  if (shown === null || wanted >= shown) return wanted;
  return stepAbove(value / HYSTERESIS) < shown ? wanted : shown;
}
