// The words of one part of the page. Each language is a file of its own: whoever reads one is never
// sent the others. `say.part()` fetches them before the part is shown.

export const LANGUAGES = ["fr", "en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

type Files<Words> = Record<Language, () => Promise<{ default: Words }>>;

/** Those of every part that has been loaded: a change of language concerns them all. */
const loaded: Dictionary<unknown>[] = [];

export class Dictionary<Words> {
  #files: Files<Words>;
  #known = new Map<Language, Words>();

  constructor(files: Files<Words>) {
    this.#files = files;
    loaded.push(this);
  }

  async learn(language: Language): Promise<void> {
    if (!this.#known.has(language)) this.#known.set(language, (await this.#files[language]()).default);
  }

  /** The words in a language; in the one learned first where it is not there yet. */
  in(language: Language): Words {
    return this.#known.get(language) ?? ([...this.#known.values()][0] as Words);
  }
}

/** Fetches the words of every loaded part in a language. Fails when a file does. */
export async function learn(language: Language): Promise<void> {
  await Promise.all(loaded.map((one) => one.learn(language)));
}
