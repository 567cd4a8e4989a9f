import type { Words } from "./fr";

const en: Words = {
  title: "Sign in",
  why: "This server asks for an access token.",
  token: "Token",
  hint: "Made on the server by “triphase token add NAME --scope read”. It is kept only as a session of this browser.",
  show: "Show the token",
  send: "Sign in",
  busy: "Checking…",
  later: "Later",
  needed: "Sign-in needed: no value is being read.",
  empty: "Enter the token.",
  refused: "Token unknown or revoked. Check that it is whole, without spaces.",
  throttled: (wait) => `Too many attempts. Try again in ${wait}.`,
  throttledLater: "Too many attempts. Try again in a few minutes.",
  forbidden: "Refused: this token is read-only.",
  origin: "Refused: this page was not opened at the server’s address.",
  offline: "The server does not answer.",
  failed: (detail) => `Could not answer: ${detail}`,
  open: "Session",
  signedIn: (name) => `Signed in with the token “${name}”.`,
  signedInUnnamed: "Signed in.",
  scope: "Rights",
  scopes: { read: "read only", write: "read and write", admin: "administration" },
  until: (time) => `Session valid until ${time}.`,
  without: "This server is open on this machine: it asks for no token.",
  out: "Sign out",
  outFailed: "Signing out did not succeed.",
};

export default en;
