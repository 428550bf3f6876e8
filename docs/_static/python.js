// The page's side of the worker in which Python runs; worker.js lists the messages between the two.

/**
 * @import { Offer } from "./worker.js"
 *
 * @typedef {{ outcome: "done" | "error" | "missing" | "broken" | "failed" | "stopped", what: string, seconds: number, offer: Offer | null }} Ended
 */

export class Python {
  constructor() {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.hear(data));
    this.worker.addEventListener("error", () => this.hear({ failed: "the worker could not be loaded" }));
    /** @type {{ cell: number, tell: (kind: string, text: string) => void, end: (ended: Ended) => void } | null} */
    this.running = null;
    /** @type {((failed: string) => void) | null} */
    this.loading = null;
  }

  /** @param {any} message */
  hear(message) {
    if (message.kind) this.running?.tell(message.kind, message.text);
    else if (message.outcome) this.finish(message);
    else if (message.failed && this.loading === null) this.finish(gone("failed", message.failed));
    else if (message.failed || message.loaded) {
      this.loading?.(message.failed ?? "");
      this.loading = null;
    }
  }

  /** @param {Ended} ended */
  finish(ended) {
    this.running?.end(ended);
    this.running = null;
  }

  /**
   * @param {number} cell
   * @param {string} source
   * @param {(kind: string, text: string) => void} tell
   * @returns {Promise<Ended>}
   */
  run(cell, source, tell) {
    this.worker.postMessage({ run: cell, source });
    return new Promise((end) => {
      this.running = { cell, tell, end };
    });
  }

  /**
   * @param {string} module
   * @returns {Promise<string>} what went wrong, or an empty string
   */
  load(module) {
    this.worker.postMessage({ load: module });
    return new Promise((end) => {
      this.loading = end;
    });
  }

  // From now on cells run in a new module.
  renew() {
    this.worker.postMessage({ renew: true });
  }

  // End the worker, whatever it is doing.
  stop() {
    this.worker.terminate();
    this.loading?.("stopped");
    this.finish(gone("stopped", ""));
  }
}

/**
 * @param {"failed" | "stopped"} outcome
 * @param {string} what
 * @returns {Ended}
 */
const gone = (outcome, what) => ({ outcome, what, seconds: 0, offer: null });
