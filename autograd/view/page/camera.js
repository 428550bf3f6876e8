// The camera over the drawing: pan, zoom, pinch, fit. One transform moves the whole drawing; nothing in it is drawn
// again.

/**
 * @import { Pair } from "./data.d.ts"
 * @import { Box } from "./rooms.js"
 */

const MARGIN = 12; // around what is fitted into view
const GLIDE = 380; // milliseconds

export class Camera {
  /**
   * @param {SVGSVGElement} frame
   * @param {SVGGElement} world
   * @param {() => void} moved called after every change
   */
  constructor(frame, world, moved) {
    this.frame = frame;
    this.world = world;
    this.moved = moved;
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    /** @type {Map<number, Pair>} */
    this.pointers = new Map();
    this.dragged = false; // then the click event that follows is ignored
    this.fitted = false;
    this.gliding = 0; // the animation frame that is requested during a glide
    frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    frame.addEventListener("pointerdown", (event) => this.down(event));
    frame.addEventListener("pointermove", (event) => this.move(event));
    frame.addEventListener("pointerup", (event) => this.up(event));
    frame.addEventListener("pointercancel", (event) => this.up(event));
  }

  /** @returns {Pair} */
  get size() {
    return [this.frame.clientWidth || 1, this.frame.clientHeight || 1];
  }

  // Whether the frame has a size at all. In a hidden tab or a closed <details> it has none, so nothing can be fitted.
  get isSeen() {
    return this.frame.clientWidth > 0 && this.frame.clientHeight > 0;
  }

  apply() {
    this.world.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
    this.moved();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} scale
   */
  place(x, y, scale) {
    this.halt();
    Object.assign(this, { x, y, scale: Math.min(4, Math.max(0.02, scale)), fitted: false });
    this.apply();
  }

  halt() {
    cancelAnimationFrame(this.gliding);
    this.gliding = 0;
  }

  /**
   * Move a point of the drawing into the middle: smoothly, unless the reader prefers reduced motion.
   * @param {Pair} point
   * @param {number} scale
   */
  glide([x, y], scale) {
    this.halt();
    const [w, h] = this.size;
    const goal = { x: w / 2 - x * scale, y: h / 2 - y * scale, scale };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.place(goal.x, goal.y, goal.scale);
      return;
    }
    const from = { x: this.x, y: this.y, scale: this.scale };
    let start = 0;
    /** @param {number} now */
    const move = (now) => {
      start ||= now;
      const part = Math.min(1, (now - start) / GLIDE);
      const eased = part * part * (3 - 2 * part);
      /** @type {(a: number, b: number) => number} */
      const between = (a, b) => a + (b - a) * eased;
      this.place(between(from.x, goal.x), between(from.y, goal.y), between(from.scale, goal.scale));
      if (part < 1) this.gliding = requestAnimationFrame(move);
    };
    this.gliding = requestAnimationFrame(move);
  }

  /**
   * The scale at which a whole drawing just fits a stage of this size; at most 1.25.
   * @param {Pair} size
   * @param {Pair} stage
   */
  whole([width, height], [w, h] = this.size) {
    return Math.min((w - 2 * MARGIN) / width, (h - 2 * MARGIN) / height, 1.25);
  }

  /**
   * Fit the whole drawing into view, or, at the smallest scale, as much from its upper left corner as there is space
   * for.
   * @param {Pair} size
   * @param {number} smallest
   */
  fit(size, smallest) {
    const scale = Math.max(this.whole(size), smallest);
    const [x, y] = this.size.map((space, k) => {
      const taken = scale * size[k];
      return taken > space - 2 * MARGIN + 1 ? MARGIN : (space - taken) / 2;
    });
    this.place(x, y, scale);
    this.fitted = true;
  }

  /**
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   */
  zoom(factor, x = this.size[0] / 2, y = this.size[1] / 2) {
    const scale = Math.min(4, Math.max(0.02, this.scale * factor));
    const ratio = scale / this.scale;
    this.place(x - (x - this.x) * ratio, y - (y - this.y) * ratio, scale);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.place(this.x + dx, this.y + dy, this.scale);
  }

  /**
   * Move as little as is needed to bring a box into view.
   * @param {Box} item
   */
  reveal(item) {
    const [w, h] = this.size;
    const margin = this.fitted ? MARGIN : Math.min(24, w / 14); // what fits must not be pushed out on the other side
    /** @type {(centre: number, extent: number, offset: number, space: number) => number} */
    const shift = (centre, extent, offset, space) => {
      const low = (centre - extent / 2) * this.scale + offset;
      const high = (centre + extent / 2) * this.scale + offset;
      return low < margin ? margin - low : high > space - margin ? space - margin - high : 0;
    };
    const [dx, dy] = [shift(item.x, item.width, this.x, w), shift(item.y, item.height, this.y, h)];
    const { fitted } = this;
    if (dx || dy) this.pan(dx, dy);
    this.fitted = fitted;
  }

  // The part of the drawing in view.
  get seen() {
    const [w, h] = this.size;
    return {
      left: -this.x / this.scale,
      top: -this.y / this.scale,
      right: (w - this.x) / this.scale,
      bottom: (h - this.y) / this.scale,
    };
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const box = this.frame.getBoundingClientRect();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button > 0) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size === 1) this.dragged = false;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    if (!this.dragged && this.pointers.size === 1 && Math.hypot(dx, dy) < 4) return;
    if (!this.dragged) this.frame.setPointerCapture(event.pointerId);
    this.dragged = true;
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const box = this.frame.getBoundingClientRect();
      const [near, far] = [
        Math.hypot(before[0] - other[0], before[1] - other[1]),
        Math.hypot(event.clientX - other[0], event.clientY - other[1]),
      ];
      this.pan(dx / 2, dy / 2);
      this.zoom(
        far / Math.max(near, 1),
        (event.clientX + other[0]) / 2 - box.left,
        (event.clientY + other[1]) / 2 - box.top,
      );
    } else {
      this.pan(dx, dy);
    }
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.pointers.delete(event.pointerId);
  }
}
