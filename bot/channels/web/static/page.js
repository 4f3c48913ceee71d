/* What the page does beyond plain forms: it looks for news, speaks them, copies, and sends again what the network lost. */
(function () {
  "use strict";
  var LOOK_MS = 25000, AGAIN_MS = 3000;
  var log = document.getElementById("log"), announcer = document.getElementById("announcer");
  var notice = document.getElementById("notice"), composer = document.getElementById("composer");
  var waiting = null;

  function tell(text) {
    notice.textContent = text;
    notice.hidden = !text;
  }

  function showCopyButtons(root) {
    var buttons = root.querySelectorAll(".copy button[hidden]");
    for (var i = 0; i < buttons.length; i++) buttons[i].hidden = false;
  }

  function renewUpdates() {
    var inputs = document.querySelectorAll("input[name=update]");
    for (var i = 0; i < inputs.length; i++) {
      var bytes = new Uint8Array(12);
      crypto.getRandomValues(bytes);
      inputs[i].value = Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
    }
  }

  function dropDoubles() {
    var seen = {}, turns = Array.prototype.slice.call(log.children);
    turns.forEach(function (turn) {
      if (seen[turn.id]) turn.parentNode.removeChild(turn);
      seen[turn.id] = true;
    });
  }

  function say(turns) {
    var words = turns.map(function (turn) {
      return Array.prototype.map.call(turn.querySelectorAll(".bubble, .toast"), function (part) { return part.innerText; }).join("\n");
    });
    announcer.textContent = words.join("\n");
  }

  function look() {
    if (document.visibilityState === "visible" && !waiting) htmx.trigger("#news", "look");
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest(".copy button") : null;
    if (!button) return;
    var words = button.previousElementSibling, label = button.textContent;
    function done() {
      button.textContent = button.dataset.copied;
      setTimeout(function () { button.textContent = label; }, 2000);
    }
    function select() {
      var range = document.createRange();
      range.selectNodeContents(words);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand("copy")) done();
    }
    if (navigator.clipboard) navigator.clipboard.writeText(words.textContent).then(done, select);
    else select();
  });

  var before = [];
  document.addEventListener("htmx:configRequest", function (event) {
    var after = document.getElementById("after");
    if (after) event.detail.parameters.after = after.value;
  });
  document.addEventListener("htmx:beforeSwap", function () {
    before = Array.prototype.map.call(log.children, function (turn) { return turn.id; });
  });
  // At the swap itself: whoever sees the answer can type and tap at once, and nothing of that is taken away.
  document.addEventListener("htmx:afterSwap", function (event) {
    var config = event.detail.requestConfig;
    if (!config) return;
    dropDoubles();
    var fresh = Array.prototype.filter.call(log.children, function (turn) { return before.indexOf(turn.id) < 0; });
    showCopyButtons(document);
    if (fresh.length) {
      say(fresh);
      before = before.concat(fresh.map(function (turn) { return turn.id; }));
    } else {
      var toasts = log.querySelectorAll(".toast");
      if (toasts.length) announcer.textContent = toasts[toasts.length - 1].textContent;
    }
    if (config.verb !== "post") return;
    tell("");
    renewUpdates();
    var text = document.getElementById("text");
    if (text && config.elt === composer && text.value === config.parameters.text) text.value = "";
    if (!fresh.length) return;
    if (config.elt !== composer) fresh[0].focus({ preventScroll: true });
    fresh[0].scrollIntoView();
  });

  function sendAgain(event) {
    var config = event.detail.requestConfig;
    if (config.verb !== "post" || waiting) return;
    tell(notice.dataset.offline);
    waiting = setTimeout(function () {
      waiting = null;
      htmx.ajax("POST", "say", { source: config.elt, values: config.parameters, target: "#log", swap: "beforeend" });
    }, AGAIN_MS);
  }
  document.addEventListener("htmx:sendError", sendAgain);
  document.addEventListener("htmx:timeout", sendAgain);
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.requestConfig.verb !== "post") return;
    if (event.detail.xhr.status >= 502) sendAgain(event);
    else tell(event.detail.xhr.responseText);
  });

  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  setInterval(look, LOOK_MS);
  showCopyButtons(document);
  var last = log.lastElementChild;
  if (log.children.length > 1 && !location.hash) last.scrollIntoView();
})();
