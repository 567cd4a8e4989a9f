// Where the page is: one address, owned here. In: the browser's history and presses on links. Out:
// the view's slug, what follows it, and the parameters, all in the address, so that a pasted link
// shows the same picture.

/** Parameters that stay when the view changes: they say for whom and about what, not where. */
const KEPT = ["meter", "lang", "theme"];
/** Addresses that the server answers by itself. */
const SERVERS_OWN = /^\/(api|docs|openapi\.json|write|metrics|healthz|readyz|assets)(\/|$)/;

const partsOf = (path: string) => path.split("/").filter(Boolean).map(decode);

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Router {
  /** The parts of the path, decoded; none on the overview. */
  parts = $state.raw<string[]>(partsOf(location.pathname));
  params = $state.raw(new URLSearchParams(location.search));
  /** Counts the changes of view, so that focus and title follow them and nothing else. */
  moves = $state(0);

  constructor() {
    addEventListener("popstate", () => this.#read(true));
    document.addEventListener("click", (event) => this.#click(event));
  }

  /** The address of another view, with what stays. `extra` wins; null leaves a parameter out. */
  href(path: string, extra: Record<string, string | null> = {}): string {
    const params = new URLSearchParams();
    for (const name of KEPT) {
      const value = this.params.get(name);
      if (value !== null) params.set(name, value);
    }
    return path + queryOf(params, extra);
  }

  go(address: string): void {
    history.pushState(null, "", address);
    this.#read(true);
  }

  /** Changes parameters of this view; a change worth going back to makes an entry in the history. */
  set(changes: Record<string, string | null>, entry = false): void {
    const address = location.pathname + queryOf(new URLSearchParams(location.search), changes);
    if (address === location.pathname + location.search) return;
    if (entry) history.pushState(null, "", address);
    else history.replaceState(history.state, "", address);
    this.#read(false);
  }

  #read(navigated: boolean): void {
    const parts = partsOf(location.pathname);
    this.params = new URLSearchParams(location.search);
    if (parts.join("/") === this.parts.join("/")) return;
    this.parts = parts;
    if (navigated) this.moves += 1;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    const inPage = link.hash && link.pathname === location.pathname;
    if (inPage || SERVERS_OWN.test(link.pathname)) return;
    event.preventDefault();
    if (link.href !== location.href) this.go(link.pathname + link.search);
  }
}

function queryOf(params: URLSearchParams, changes: Record<string, string | null>): string {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  const query = params.toString();
  return query ? `?${query}` : "";
}

export const router = new Router();
