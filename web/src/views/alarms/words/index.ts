// The words of the alarms: why a condition arises, what to check, what to do.

import { Dictionary } from "../../../words/dictionary";
import type { Words } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
