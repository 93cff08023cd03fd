// Looking closer at a picture: zoom about a point, move what is zoomed, and what is known of a box.

import { formatFraction } from "./elements.js";

const MOST = 16;
const STEP = 1.25;

/** How far a picture is zoomed, and which point of it (0..1) is in the middle of its room. */
export function zoom() {
  const state = { scale: 1, u: 0.5, v: 0.5 };
  const inside = (at, shown) => Math.min(Math.max(at, Math.min(0.5, shown / 2)), Math.max(0.5, 1 - shown / 2));
  return {
    state,
    /** Where the whole picture lies, so that its part in the room is what is looked at. */
    place(area, room) {
      const [width, height] = [area.width * state.scale, area.height * state.scale];
      state.u = inside(state.u, room.width / width);
      state.v = inside(state.v, room.height / height);
      return { x: room.x + room.width / 2 - state.u * width, y: room.y + room.height / 2 - state.v * height, width, height };
    },
    /** Zoom by steps, keeping the point of the picture that lies `x`, `y` from the room's middle, in pixels of `area`, where it is. */
    by(steps, x = 0, y = 0, area = { width: 1, height: 1 }) {
      const before = state.scale;
      state.scale = Math.min(MOST, Math.max(1, before * STEP ** steps));
      state.u += (x / area.width) * (1 / before - 1 / state.scale);
      state.v += (y / area.height) * (1 / before - 1 / state.scale);
    },
    move(dx, dy, area) {
      state.u -= dx / (area.width * state.scale);
      state.v -= dy / (area.height * state.scale);
    },
    reset() { Object.assign(state, { scale: 1, u: 0.5, v: 0.5 }); },
  };
}

function iou([ax0, ay0, ax1, ay1], [bx0, by0, bx1, by1]) {
  const shared = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0)) * Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  const together = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - shared;
  return together > 0 ? shared / together : 0;
}

/** Say what is known of a box: class, score, size in pixels of the frame, and the known box that it overlaps most. */
export function boxFacts(box, truth, labelOf) {
  const [x0, y0, x1, y1] = box.xyxy;
  const lines = [
    `${box.kind === "lost" || box.kind === "new" ? `${box.kind}: ` : ""}${labelOf(box.label)}, score ${formatFraction(box.score, 3)}`,
    `${Math.round(x1 - x0)} × ${Math.round(y1 - y0)} px at ${Math.round(x0)}, ${Math.round(y0)}`,
  ];
  if (!truth) return [...lines, "truth is not known for this frame"];
  const nearest = truth.map((one) => ({ one, shared: iou(box.xyxy, one.xyxy) })).sort((a, b) => b.shared - a.shared)[0];
  if (!nearest?.shared) return [...lines, "overlaps nothing that is known to be there"];
  const name = labelOf(nearest.one.label);
  return [...lines, `truth: ${name}, IoU ${formatFraction(nearest.shared)}${nearest.shared < 0.5 ? ", less than .50: no match" : name === labelOf(box.label) ? "" : ", another class"}`];
}
