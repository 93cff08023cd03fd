// The frames passed so far in which most is wrong; a press goes there.

import { button, h, list, set, uniqueId, write } from "./elements.js";

const WRONG = ["lost", "missed", "false"];
const countOf = (ids, labels) => [...new Set(ids)].map((id) => `${ids.filter((one) => one === id).length} ${labels[id] ?? `class ${id}`}`).join(", ");

export function wrongFramesTab(desk) {
  const grid = h("div", { class: "wrong-frames", "data-role": "wrong-frames" });
  const empty = h("p", { class: "empty" }, "Play frames whose truth is known, or pin a setting and choose another: where most is wrong or differs stands here.");
  const next = button("next-wrong", () => desk.send("next-wrong"), { class: "small", title: "Key: n" }, "Next one (n)");
  const id = uniqueId();
  const ofClass = h("select", { id, "data-role": "wrong-class", change: () => show() });
  const tools = h("div", { class: "tools" }, next, h("label", { for: id, class: "name" }, "class"), ofClass);
  const pictures = new Map(); // position -> address of a small picture
  const asked = new Set();
  let frames = [];
  let media = null;
  let labels = [];
  let isPointedAt = false;

  const arrange = list(grid, ({ position }) => position, ({ position }) => {
    const image = h("img", { alt: "", width: 160, height: 90 });
    const words = h("span", { class: "words" });
    const name = h("span", { class: "muted" });
    return {
      element: button("wrong-frame", () => desk.send("seek", { position }), {}, image, words, name),
      update(frame) {
        set(image, "src", pictures.get(position) ?? null);
        write(words, WRONG.filter((kind) => frame[kind].length).map((kind) => `${frame[kind].length} ${kind}`).join(", "));
        write(name, frame.name || `frame ${position + 1}`);
        set(this.element, "title", WRONG.filter((kind) => frame[kind].length).map((kind) => `${kind}: ${countOf(frame[kind], labels)}`).join("\n"));
      },
    };
  });

  function show() {
    const of = (frame) => !ofClass.value || WRONG.some((kind) => frame[kind].includes(Number(ofClass.value)));
    arrange(frames.filter(of));
    empty.hidden = Boolean(frames.length);
    tools.hidden = !frames.length;
  }

  function ask() {
    const wanted = frames.map(({ position }) => position).filter((position) => !asked.has(position));
    if (!wanted.length || !desk.isOpen("accuracy")) return;
    for (const position of wanted) asked.add(position);
    desk.send("thumbnails", { positions: wanted });
  }

  function forgetPictures() {
    for (const address of pictures.values()) URL.revokeObjectURL(address);
    pictures.clear();
    asked.clear();
  }
  grid.addEventListener("pointerenter", () => { isPointedAt = true; }); // nothing moves under a pointer
  grid.addEventListener("pointerleave", () => { isPointedAt = false; show(); });
  desk.atEnd(forgetPictures);

  return {
    element: h("div", {}, tools, empty, grid),
    update([now]) {
      if (now.media !== media) { media = now.media; forgetPictures(); }
      if (String(now.labels) !== String(labels)) {
        ofClass.replaceChildren(h("option", { value: "" }, "all"), ...now.labels.map((label, at) => h("option", { value: at }, label)));
      }
      ({ frames, labels } = now);
      if (!isPointedAt || !frames.length) show();
      ask();
    },
    thumbnails(positions, buffers) {
      for (const position of asked) if (!positions.includes(position) && !pictures.has(position)) asked.delete(position); // there were none now
      positions.forEach((position, at) => pictures.set(position, URL.createObjectURL(new Blob([buffers[at]], { type: "image/jpeg" }))));
      show();
    },
  };
}
