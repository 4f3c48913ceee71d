// A form is sent once: a second tap while it is under way does nothing. Everything else works without scripts.
addEventListener("submit", event => {
  const form = event.target
  if (form.dataset.sent) { event.preventDefault(); return }
  form.dataset.sent = "1"
})
addEventListener("pageshow", () => document.querySelectorAll("form").forEach(form => delete form.dataset.sent))
// Passkeys: the browser asks the device, the server judges. Shown only where the browser can.
const canPasskey = window.PublicKeyCredential?.parseCreationOptionsFromJSON && PublicKeyCredential.parseRequestOptionsFromJSON
const askPasskey = form => {
  const options = JSON.parse(form.dataset.options)
  return form.dataset.passkey === "get"
    ? navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
    : navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
}
document.querySelectorAll("form[data-passkey]").forEach(form => {
  if (!canPasskey) return
  form.hidden = false
  form.addEventListener("submit", async event => {
    event.preventDefault()
    const found = await askPasskey(form).catch(() => null)
    delete form.dataset.sent
    if (!found) { form.querySelector("[role=alert]").hidden = false; return }
    form.elements.credential.value = JSON.stringify(found.toJSON())
    form.submit()
  })
})
// The numbers of lines beside the YAML of an entry.
const yaml = document.getElementById("yaml")
yaml?.addEventListener("input", () => {
  const lines = yaml.value.split("\n").length + 1
  yaml.rows = lines
  yaml.previousElementSibling.textContent = Array.from({length: lines}, (_, n) => `${n + 1}\n`).join("")
})
// How many graduates wait for an answer also stands in the title: the page may be open behind others.
const title = document.title
addEventListener("htmx:afterSettle", event => {
  if (event.target.matches("nav b")) document.title = `${event.target.textContent.trim()} ${title}`.trim()
})
