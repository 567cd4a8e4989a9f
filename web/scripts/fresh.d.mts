import type { Plugin } from "vite";
/** The plug-in that lists what the binary and the page are made of. */
export function fresh(): Plugin;
