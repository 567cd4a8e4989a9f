// The words of the reactive view.

import { Dictionary } from "../../../words/dictionary";
import type { Words } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
