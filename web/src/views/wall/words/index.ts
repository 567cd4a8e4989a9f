// The words of the wall that no other view has.

import { Dictionary } from "../../../words/dictionary";
import type { Words } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
