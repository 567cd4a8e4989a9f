import { mount } from "svelte";
import App from "./App.svelte";
import { live } from "./live/live.svelte";
import { router } from "./shell/router.svelte";
import { viewAt } from "./shell/views";
import { say } from "./words/say.svelte";
import "./page.css";

const target = document.getElementById("page");
if (target) {
  live.start();
  // Asked for now, so that it is there when the first values are.
  void viewAt(router.parts)?.load().catch(() => {});
  void say.ready.then(() => mount(App, { target }));
}
