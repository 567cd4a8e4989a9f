// The words of the quality view. What a meter shows of a mains is a screening, never a verdict.

import { Dictionary } from "../../../words/dictionary";
import type { Words } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
