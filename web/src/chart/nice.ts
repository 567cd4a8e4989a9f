// Round values for an axis.

/** Marks from 0 to `top`, about `wanted` of them, at steps of 1, 2 or 5. */
export function marks(top: number, wanted: number): number[] {
  const rough = top / Math.max(1, wanted);
  const ten = 10 ** Math.floor(Math.log10(rough > 0 ? rough : 1));
  const step = [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= rough) ?? 10 * ten;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_one, index) => index * step);
}

/** Decimals that tell such marks apart. */
export function decimals(all: number[]): number {
  const step = (all[1] ?? 1) - (all[0] ?? 0);
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}
