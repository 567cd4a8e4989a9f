import type { Plugin } from "vite";
/** The plug-in that leaves out how a server's markup is taken over. */
export function fresh(): Plugin;
