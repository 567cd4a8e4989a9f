// The words of the telegram inspector.

import { Dictionary } from "../../../../words/dictionary";
import type { Words } from "./fr";

export type { Words as FrameWords } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
