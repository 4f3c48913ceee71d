// What the YAML view uses of CodeMirror.
export { EditorState } from "@codemirror/state"
export { EditorView, keymap, lineNumbers, highlightActiveLine, highlightSpecialChars, drawSelection } from "@codemirror/view"
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
export { syntaxHighlighting } from "@codemirror/language"
export { yaml } from "@codemirror/lang-yaml"
export { lintGutter, setDiagnostics } from "@codemirror/lint"
export { classHighlighter } from "@lezer/highlight"
