// Which keys do something, in a window of their own.

import { button, h } from "./elements.js";

const KEYS = [
  ["space", "play or pause"],
  ["← →", "one frame back or forward"],
  ["n", "next frame in which something is wrong"],
  ["+ −", "look closer, or from farther away"],
  ["0", "the whole picture"],
  ["?", "this list"],
  ["Esc", "close what is open"],
];

export function keyList() {
  const close = button("close-keys", () => element.close(), {}, "Close");
  const rows = KEYS.flatMap(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]);
  const element = h("dialog", { class: "keys", "data-role": "keys", "aria-label": "Keys" }, h("h3", {}, "Keys"), h("dl", {}, ...rows), close);
  return { element, open: () => element.showModal() };
}
