// Python for one page, in a worker of its own: Pyodide, our packages, and runner.py, which runs the page's cells. The
// page ends it by terminate(), whatever it is doing. The messages between the two:
//
//   from the page                  to the page
//   { run: cell, source }          { ready: seconds }             or { failed: why }
//   { renew: true }
//   { load: module }               { cell, kind, text }           what the cell prints or shows: text, html, error
//                                  { cell, outcome, what, seconds, offer }   the cell has ended; see Offer
//                                  { loaded: names } or { failed: why }

/**
 * A library that a cell lacks: the packages to be fetched for it, from where, and how many bytes if that is known.
 * @typedef {{ module: string, names: string[], hosts: string[], bytes: number | null }} Offer
 */

const here = (/** @type {string} */ name) => new URL(name, import.meta.url);
const started = performance.now();
const seconds = (/** @type {number} */ since) => (performance.now() - since) / 1000;

/** @type {any} */
let python;
/** @type {any} */
let page;
/** @type {Record<string, any>} the libraries of Pyodide's distribution, by their names */
let libraries = {};

const ready = start();
ready.then(
  () => self.postMessage({ ready: seconds(started) }),
  (error) => self.postMessage({ failed: `Python could not be started: ${error.message ?? error}` }),
);

async function start() {
  const { loadPyodide } = await import(here("pyodide/pyodide.mjs").href);
  const files = ["packages.zip", "runner.py", "pyodide/pyodide-lock.json"].map((name) => fetched(here(name)));
  const lock = files[2].then((response) => response.json());
  python = await loadPyodide({ indexURL: here("pyodide/").href });
  libraries = (await lock).packages;
  guardStack(python._module);
  const home = "/home/pyodide";
  python.unpackArchive(await (await files[0]).arrayBuffer(), "zip", { extractDir: home });
  python.FS.writeFile(`${home}/runner.py`, await (await files[1]).text());
  renew();
}

// A browser's stack is smaller than Python assumes. With this limit Python raises a RecursionError before the browser
// breaks down, which Chromium (whose stack is smaller than Firefox's) did beyond 240 kB.
const STACK = 160 * 1024;

function guardStack(/** @type {any} */ module) {
  const bottom = module._emscripten_stack_get_base() - STACK;
  module._PyUnstable_ThreadState_SetStackProtection?.(module._PyThreadState_Get(), bottom, STACK);
}

// Begin a new module for the page's cells, which is empty at first.
function renew() {
  page = python.pyimport("runner").Page();
}

/** @param {URL} address */
async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} gave ${response.status}`);
  return response;
}

self.addEventListener("message", async ({ data }) => {
  try {
    await ready;
  } catch {
    return; // the page has been told
  }
  if (data.renew) renew();
  else if (data.load) await load(data.load);
  else run(data.run, data.source);
});

/**
 * @param {number} cell
 * @param {string} source
 */
function run(cell, source) {
  const began = performance.now();
  const tell = (/** @type {string} */ kind, /** @type {string} */ text) => self.postMessage({ cell, kind, text });
  try {
    const [outcome, what] = page.run(cell, source, tell);
    self.postMessage({ cell, outcome, what, seconds: seconds(began), offer: offerOf(what) });
  } catch (error) {
    // Python itself is broken, for example because a long chain of nested objects was freed; the page will start a new
    // worker.
    self.postMessage({ cell, outcome: "broken", what: String(error), seconds: seconds(began), offer: null });
  }
}

/**
 * @param {string} module
 * @returns {Offer | null}
 */
function offerOf(module) {
  const first = Object.values(libraries).find((library) => library.imports.includes(module));
  if (module === "" || first === undefined) return null;
  const names = new Set([first.name]);
  for (const name of names) for (const other of libraries[name].depends) names.add(other);
  const wanted = [...names].filter((name) => !(name in python.loadedPackages));
  const sizes = wanted.map((name) => libraries[name].bytes ?? Number.NaN);
  const sum = sizes.reduce((a, b) => a + b, 0);
  const hosts = new Set(wanted.map((name) => new URL(libraries[name].file_name, here("pyodide/")).host));
  return { module, names: wanted, hosts: [...hosts], bytes: Number.isNaN(sum) ? null : sum };
}

/** @param {string} module */
async function load(module) {
  const names = offerOf(module)?.names ?? [];
  try {
    await python.loadPackage(names, { messageCallback: () => {}, errorCallback: () => {} });
    const absent = names.filter((name) => !(name in python.loadedPackages)); // loadPackage does not reject for those
    if (absent.length > 0) throw new Error(absent.join(", "));
    self.postMessage({ loaded: names });
  } catch (error) {
    const hosts = offerOf(module)?.hosts.join(", ");
    self.postMessage({
      failed: `From ${hosts} could not be loaded: ${error instanceof Error ? error.message : error}`,
    });
  }
}
