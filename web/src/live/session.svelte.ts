// Whether the server lets this browser read. In: answers with 401, and the word that somebody signed
// in. Out: whether the sign-in box must show, and a count that makes every question be asked again.

/** A small answer that needs the same right as the event stream, which tells no status. */
const PROBE = "/api/v1/site";

class Session {
  /** Whether the server refused for want of a token. */
  needed = $state(false);
  /** Counts the sign-ins. */
  entries = $state(0);

  /** The server answered 401. */
  refuse(): void {
    this.needed = true;
  }

  /** Somebody signed in. */
  enter(): void {
    this.needed = false;
    this.entries += 1;
  }

  /** Whether the server refuses this browser. An event stream that fails does not tell why. */
  async refused(): Promise<boolean> {
    try {
      const answer = await fetch(PROBE);
      if (answer.status === 401) this.refuse();
      return answer.status === 401;
    } catch {
      return false;
    }
  }
}

export const session = new Session();
