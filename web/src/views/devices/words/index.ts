// The words of the devices: their links, and what the last day shows of them.

import { Dictionary } from "../../../words/dictionary";
import type { Words } from "./fr";

export default new Dictionary<Words>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
