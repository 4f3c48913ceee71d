// The YAML of an entry in CodeMirror, which is loaded only here. The text area stays the field of the form: without
// scripts it is what people write in. The editor lives in a shadow tree, whose styles need no exception of the policy.
const field = document.getElementById("yaml")
const cm = await import(field.dataset.editor)

const host = document.createElement("div")
field.closest(".code").after(host)
const root = host.attachShadow({ mode: "open" })

const theme = cm.EditorView.theme({
  "&": { border: "1px solid var(--line)", borderRadius: ".6rem", background: "var(--card)", color: "var(--ink)" },
  "&.cm-focused": { outline: "3px solid var(--main)", outlineOffset: "2px" },
  ".cm-content": { fontFamily: 'ui-monospace, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace', caretColor: "var(--ink)" },
  ".cm-gutters": { background: "var(--back)", color: "var(--soft)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "transparent" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--mine)" },
  ".tok-propertyName, .tok-definition": { color: "var(--main)" },
  ".tok-comment": { color: "var(--soft)", fontStyle: "italic" },
  ".tok-string, .tok-literal": { color: "var(--good)" },
  // The package draws these as images in its styles, which the policy of our pages does not load.
  ".cm-lint-marker": { content: "normal", width: ".7em", height: ".7em", margin: ".35em auto 0", borderRadius: "50%", background: "var(--main)" },
  ".cm-lint-marker-error": { borderRadius: "0", background: "var(--bad)" },
  ".cm-lintRange": { backgroundImage: "none", textDecoration: "underline wavy var(--main)" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-tooltip": { background: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)" },
})

const editor = new cm.EditorView({
  parent: root,
  root,
  state: cm.EditorState.create({
    doc: field.value,
    extensions: [
      cm.lineNumbers(),
      cm.lintGutter(),
      cm.history(),
      cm.drawSelection(),
      cm.EditorView.lineWrapping,
      cm.highlightSpecialChars(),
      cm.yaml(),
      cm.syntaxHighlighting(cm.classHighlighter),
      cm.keymap.of([...cm.defaultKeymap, ...cm.historyKeymap]), // Tab leads out, as everywhere
      cm.EditorView.contentAttributes.of({
        "aria-label": field.labels[0].textContent,
        "aria-description": document.getElementById(field.getAttribute("aria-describedby")).textContent,
        autocapitalize: "off",
      }),
      cm.EditorView.updateListener.of(update => {
        if (!update.docChanged) return
        field.value = update.state.doc.toString()
        field.dispatchEvent(new Event("input", { bubbles: true }))
      }),
      theme,
    ],
  }),
})
field.closest(".code").hidden = true
field.labels[0].addEventListener("click", () => editor.focus())

// What the checker found stands at its lines; the list below says it in words.
const mark = () => {
  const lines = editor.state.doc.lines
  const found = [...document.querySelectorAll("#look [data-row]")].map(one => {
    const line = editor.state.doc.line(Math.min(Math.max(Number(one.dataset.row), 1), lines))
    return { from: line.from, to: line.to, severity: one.className, message: one.textContent.trim() }
  })
  editor.dispatch(cm.setDiagnostics(editor.state, found))
}
mark()
addEventListener("htmx:afterSettle", event => { if (event.target.id === "look") mark() })
