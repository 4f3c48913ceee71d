// A form is sent once: a second tap while it is under way does nothing. Everything else works without scripts.
addEventListener("submit", event => {
  const form = event.target
  if (form.dataset.sent) { event.preventDefault(); return }
  form.dataset.sent = "1"
})
addEventListener("pageshow", () => document.querySelectorAll("form").forEach(form => delete form.dataset.sent))
