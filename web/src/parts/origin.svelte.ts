// The value whose origin is being read; one sheet for the whole page.

import type { Reading } from "../live/contract";
import type { Figure } from "../live/analysis";

export interface Asked {
  title: string;
  quantity?: string;
  reading?: Reading;
  figure?: Figure;
  /** The figure as printed. */
  shown?: string;
  /** Standard and clause. */
  standard?: string;
}

class Origin {
  asked = $state.raw<(() => Asked) | null>(null);

  /** Shows where a value comes from; the function is read again while the value changes. */
  show(asked: () => Asked): void {
    this.asked = asked;
  }

  close(): void {
    this.asked = null;
  }
}

export const origin = new Origin();
