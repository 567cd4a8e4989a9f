// The language and the theme: both in the address, so that a pasted link shows the same picture.

import * as format from "../numbers/format";
import { printed, styleOf } from "../numbers/quantity";
import type { Advice } from "../live/analysis";
import type { Link, Reading } from "../live/contract";
import { prefs } from "../shell/prefs.svelte";
import { router } from "../shell/router.svelte";
import { LANGUAGES, learn, type Dictionary, type Language } from "./dictionary";
import fr, { type Words } from "./fr";

export { LANGUAGES, type Language };
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Each language is a file of its own; French, the first, comes with the page. */
const DICTIONARIES: Record<Language, () => Promise<{ default: Words }>> = {
  fr: async () => ({ default: fr }),
  en: () => import("./en"),
  de: () => import("./de"),
};
/** Ways to write numbers that differ from the language's first. */
export const REGIONS = new Set(["fr-CH", "de-CH", "de-AT"]);

function stored(name: string): string | null {
  // A browser may forbid storage; the page then forgets.
  try {
    return localStorage.getItem(`triphase.${name}`);
  } catch {
    return null;
  }
}

function one<T extends string>(choices: readonly T[], ...wishes: (string | null | undefined)[]): T {
  const wish = wishes.find((wished) => choices.includes(wished as T));
  return (wish ?? choices[0]) as T;
}

/** The text of a code that only the server knows for sure. */
function look(texts: object | null, code: string | null): string | undefined {
  return code === null ? undefined : (texts as Record<string, string> | null)?.[code];
}

class Say {
  language = $state<Language>("fr");
  theme = $state<Theme>("auto");
  meter = $state<string | null>(null);
  zone = $state("UTC");
  #region = $state<string | null>(null);
  /** The language asked for last. */
  #asked: Language = "fr";

  words = $state.raw<Words>(fr);
  locale = $derived(this.#region ?? this.words.locale);
  /** Resolves when the words of the address's language are there. */
  readonly ready: Promise<void>;

  constructor() {
    this.ready = this.#read();
    addEventListener("popstate", () => void this.#read());
  }

  /** The words of one part of the page, in the language of now. */
  own<T>(words: Dictionary<T>): T {
    return words.in(this.language);
  }

  /** Loads a part of the page and its words, in the language of now and the one about to be. */
  async part<T>(load: () => Promise<T>): Promise<T> {
    const [part] = await Promise.all([load(), this.ready]);
    await Promise.all([learn(this.language), learn(this.#asked)]);
    return part;
  }

  choose(name: "lang" | "theme" | "meter", value: string): void {
    router.set({ [name]: value });
    try {
      if (name !== "meter") localStorage.setItem(`triphase.${name}`, value);
    } catch {
      // As above: nothing to keep it in.
    }
    void this.#read();
  }

  async #read(): Promise<void> {
    const given = router.params;
    const lang = [given.get("lang"), stored("lang")].find((wish) => LANGUAGES.some((known) => wish?.slice(0, 2) === known));
    const language = one(LANGUAGES, lang?.slice(0, 2));
    this.theme = one(THEMES, given.get("theme"), stored("theme"));
    this.meter = given.get("meter");
    if (this.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
    this.#asked = language;
    const [words] = await Promise.all([DICTIONARIES[language](), learn(language)]).catch(() => []);
    // Without its file (a server that went away) a language is not spoken; the last one chosen counts.
    if (!words || this.#asked !== language) return;
    this.language = language;
    this.words = words.default;
    this.#region = lang && REGIONS.has(lang) ? lang : null;
    document.documentElement.lang = this.#region ?? language;
  }

  /** The site's name of a phase, 1 to 3. */
  phase(index: number): string {
    return prefs.phase(index);
  }

  /** A text that names phases L1 to L3, with the site's names in their place. */
  phases(text: string): string {
    return text.replace(/\bL([123])\b/g, (_, index: string) => this.phase(Number(index)));
  }

  number(value: number, decimals: number): string {
    return format.number(this.locale, value, decimals);
  }

  /** A number with its unit after a no-break space; the dash when there is none. */
  figure(value: number | null | undefined, decimals: number, unit: string): string {
    if (value === null || value === undefined) return format.ABSENT;
    const text = this.number(value, decimals);
    return unit ? `${text}${format.NBSP}${unit}` : text;
  }

  /** A name and what it is, with the language's colon. */
  pair(name: string, value: string): string {
    return `${name}${this.words.colon} ${value}`;
  }

  /** A reading as it is printed, without its unit. */
  reading(quantity: string, reading: Reading): string {
    return printed(this.locale, quantity, reading);
  }

  /** A reading with its unit. */
  full(quantity: string, reading: Reading): string {
    const { unit } = styleOf(quantity);
    return unit ? `${this.reading(quantity, reading)}${format.NBSP}${unit}` : this.reading(quantity, reading);
  }

  time(at: string | number): string {
    return format.time(this.locale, this.zone, at);
  }

  /** Whether both instants are of one day of the site. */
  sameDay(at: string | number, now: number): boolean {
    return format.day(this.zone, at) === format.day(this.zone, now);
  }

  /** The time of an instant of today; date and time of any other. */
  moment(at: string | number, now: number): string {
    return this.sameDay(at, now) ? this.time(at) : format.dated(this.locale, this.zone, at);
  }

  instant(at: string): string {
    return format.instant(this.locale, this.zone, at);
  }

  duration(seconds: number): string {
    return format.duration(seconds, this.words.day);
  }

  /** A duration that keeps its width from 9 s to 10 s. */
  age(seconds: number): string {
    const text = this.duration(seconds);
    return seconds < 10 ? `\u2007${text}` : text;
  }

  /** The name of a quantity of the catalogue. */
  quantity(name: string): string {
    const known = look(this.words.quantities, name);
    if (known) return this.phases(known);
    const phase = /^(.*)_(l[123])$/.exec(name);
    const base = look(this.words.quantities, phase?.[1] ?? null);
    return base && phase?.[2] ? this.phases(`${base} ${phase[2].toUpperCase()}`) : name.replaceAll("_", " ");
  }

  /** The name of a quantity within a sentence; German writes nouns as it always does. */
  within(name: string): string {
    const text = this.quantity(name);
    return this.language === "de" ? text : text.charAt(0).toLowerCase() + text.slice(1);
  }

  /**
   * Why a link is not healthy, by the way its measurements come; the server's English sentence for a
   * cause without words here.
   */
  linkCause({ link, way, port }: { link: Pick<Link, "cause" | "reason">; way: string | null; port: string | null }): string | null {
    const { causes } = this.words.link;
    const { cause } = link;
    const names = cause ? [`${way}_${cause}`, port?.includes("tcp:") ? `net_${cause}` : null, cause] : [];
    const own = names.map((name) => look(causes, name)).find((text) => text !== undefined);
    return (this.language === "en" ? (link.reason ?? own) : (own ?? link.reason)) ?? null;
  }

  /** Why something is unknown, in this language where the reason is a known one. */
  reason(code: string | null, sentence: string | null): string {
    const words = this.words;
    return look(words.reasons, code) ?? this.sentence(code, sentence) ?? words.notMeasured;
  }

  /** Why an analysis can do what it can, or what would help. */
  sentence(code: string | null, english: string | null): string | null {
    return look(this.words.sentences, code) ?? english ?? code;
  }

  /** What to do about the balance. */
  advice(advice: Advice): string {
    const words = this.words.balance;
    if (advice.amps !== null && advice.from && advice.to) {
      return words.move(this.figure(advice.amps, 1, "A"), this.phase(advice.from), this.phase(advice.to));
    }
    return look(words.others, advice.code) ?? (this.language === "fr" ? advice.french : advice.english);
  }

  method(name: string | null): string {
    return look(this.words.methods, name) ?? name ?? format.ABSENT;
  }

  /** The name of a condition of the server's alarms. */
  alarm(key: string, text: string): string {
    return look(this.words.alarms.names, key) ?? text;
  }

  /** The power of an overload beside its limit: chapter 25's sentence names neither. */
  overload(alarm: { key: string; excess: { value: number; limit: number; unit: string } | null }): string {
    const { key, excess } = alarm;
    if (key !== "overload" || !excess) return "";
    return ` ${this.figure(excess.value, 1, excess.unit)} > ${this.figure(excess.limit, 1, excess.unit)}`;
  }

  /** What to do about an alarm. */
  action(key: string, text: string | null): string | null {
    return look(this.words.alarms.actions, key) ?? text;
  }

  /** The name of an analysis that a meter may or may not allow. */
  proof(code: string, name: string): string {
    return look(this.words.proofs, code) ?? name;
  }

  /** What to know about one of chapter 25's numbers; undefined where only the server can say it. */
  warning(code: string): string | undefined {
    return look(this.words.warnings, code);
  }

  /** Chapter 25's word for a power factor. */
  evaluation(word: string): string {
    return look(this.words.factor.evaluation, word) ?? word;
  }

  role(name: string): string {
    return look(this.words.link.roles, name) ?? name;
  }
}

export const say = new Say();
