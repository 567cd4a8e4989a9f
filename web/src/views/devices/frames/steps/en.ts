import type { Steps } from "./fr";

/** The server speaks English. */
const en: Steps = {};

export default en;
