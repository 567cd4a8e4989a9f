// What each defect of a telegram means, by the decoder's stable codes. English comes with the
// server's detail; a code that is not known here shows as it is.

import { Dictionary } from "../../../../words/dictionary";

export default new Dictionary<Record<string, string>>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
