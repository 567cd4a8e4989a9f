// The number in a server's alarm text, to be written as the reader's place writes numbers.

export interface Told {
  value: number;
  decimals: number;
  unit: string;
}

const LAST_NUMBER = /(-?\d+(?:\.(\d+))?)\s*(kW|kvar|kVA|W|V|A|Hz|%)?\s*$/;

/** The number at the end of a text such as `Tension maximale: 426.6V`; null without one. */
export function toldIn(text: string): Told | null {
  const found = LAST_NUMBER.exec(text);
  if (!found) return null;
  return { value: Number(found[1]), decimals: found[2]?.length ?? 0, unit: found[3] ?? "" };
}

/** The text with that number as `figure` writes it. */
export function retold(text: string, figure: (told: Told) => string): string {
  const [found, told] = [LAST_NUMBER.exec(text), toldIn(text)];
  return found && told ? text.slice(0, found.index) + figure(told) : text;
}
