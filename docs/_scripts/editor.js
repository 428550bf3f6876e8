// The editor of a cell: CodeMirror for Python, bundled by esbuild into one module. Its colours are the style sheet's.

import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { Prec } from "@codemirror/state";
import { highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { EditorView, minimalSetup } from "codemirror";

/**
 * @param {HTMLElement} parent
 * @param {string} source
 * @param {{ label: string, changed: (source: string) => void, run: () => void }} options
 */
export function edit(parent, source, { label, changed, run }) {
  const runKey = () => {
    run();
    return true;
  };
  return new EditorView({
    parent,
    doc: source,
    extensions: [
      Prec.highest(keymap.of(["Mod-Enter", "Shift-Enter"].map((key) => ({ key, run: runKey })))),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      minimalSetup, // without completions, which would get in a learner's way
      bracketMatching(),
      indentOnInput(),
      keymap.of([indentWithTab]), // Escape, then Tab, leaves the editor
      indentUnit.of("    "),
      python(),
      syntaxHighlighting(classHighlighter),
      EditorView.contentAttributes.of({ "aria-label": label }),
      EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
    ],
  });
}
