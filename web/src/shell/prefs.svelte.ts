// What this browser's owner prefers, beside language and theme: names of the phases, contrast,
// motion, and from how far the wall is read. Kept in the browser; a browser may forbid that.

export const PHASE_NAMES = { l: ["L1", "L2", "L3"], uvw: ["U", "V", "W"], rst: ["R", "S", "T"] } as const;
export type PhaseNames = keyof typeof PHASE_NAMES;
/** Reading distances of the wall. **Unit** m. */
export const DISTANCES = ["3", "5", "8"] as const;
export type Distance = (typeof DISTANCES)[number];

interface Kept {
  phases: PhaseNames;
  /** `auto` follows the system, `more` is high contrast. */
  contrast: "auto" | "more";
  /** `auto` follows the system, `off` moves nothing. */
  motion: "auto" | "off";
  distance: Distance;
}

const CHOICES: { [K in keyof Kept]: readonly Kept[K][] } = {
  phases: ["l", "uvw", "rst"],
  contrast: ["auto", "more"],
  motion: ["auto", "off"],
  distance: ["5", "3", "8"],
};

function kept<K extends keyof Kept>(name: K): Kept[K] {
  const choices = CHOICES[name];
  try {
    const stored = localStorage.getItem(`triphase.${name}`) as Kept[K] | null;
    if (stored !== null && choices.includes(stored)) return stored;
  } catch {
    // Nothing is kept: the first choice counts.
  }
  return choices[0] as Kept[K];
}

class Prefs {
  #kept = $state<Kept>({
    phases: kept("phases"),
    contrast: kept("contrast"),
    motion: kept("motion"),
    distance: kept("distance"),
  });

  constructor() {
    this.#mark();
  }

  get<K extends keyof Kept>(name: K): Kept[K] {
    return this.#kept[name];
  }

  /** Sets a preference to one of its choices; anything else changes nothing. */
  set<K extends keyof Kept>(name: K, value: string): void {
    const chosen = CHOICES[name].find((one) => one === value);
    if (chosen === undefined) return;
    this.#kept[name] = chosen;
    this.#mark();
    try {
      localStorage.setItem(`triphase.${name}`, chosen);
    } catch {
      // As above: it holds until the page is closed.
    }
  }

  /** The site's name of a phase, 1 to 3. */
  phase(index: number): string {
    return PHASE_NAMES[this.#kept.phases][index - 1] ?? `L${index}`;
  }

  #mark(): void {
    const { dataset } = document.documentElement;
    for (const name of ["contrast", "motion"] as const) {
      if (this.#kept[name] === "auto") delete dataset[name];
      else dataset[name] = this.#kept[name];
    }
  }
}

export const prefs = new Prefs();
