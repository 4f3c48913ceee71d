/* What the page does beyond plain forms: it sends what was typed and tapped one after the other, each under one id until
   it is answered, looks for news, speaks what is new, and copies. */
(function () {
  "use strict";
  if (!window.htmx || !document.getElementById("composer")) return;
  var LOOK_MS = 25000, AGAIN_MS = 3000, AGAIN_MOST_MS = 24000, KEPT = "gradbot-unsent";
  var waits = [], isBusy = false, timer = null, failures = 0, before = [];

  function el(id) { return document.getElementById(id); }
  function each(list, act) { Array.prototype.forEach.call(list, act); }

  function tell(text) {
    el("notice").textContent = text;
    el("notice").hidden = !text;
  }

  function newUpdate() {
    var bytes = new Uint8Array(12);
    crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  // What waits to be sent

  function keep() { // for a reload of this tab alone; gone as soon as the server has it
    try {
      if (waits.length) sessionStorage.setItem(KEPT, JSON.stringify(waits));
      else sessionStorage.removeItem(KEPT);
    } catch (none) { /* a browser that keeps nothing */ }
  }

  function findKept() {
    try {
      var form = el("composer").elements.form.value;
      return JSON.parse(sessionStorage.getItem(KEPT) || "[]").filter(function (one) { return one.values.form === form; });
    } catch (none) { return []; }
  }

  function showWaits() {
    var place = el("unsent");
    place.textContent = "";
    waits.forEach(function (one) {
      var words = document.createElement("p");
      words.className = "said";
      words.textContent = one.label;
      place.appendChild(words);
    });
    place.hidden = !waits.length;
    el("log").setAttribute("aria-busy", String(waits.length > 0));
  }

  function add(values, label) {
    var isThere = waits.some(function (one) {
      return one.values.update === values.update && one.values.press === values.press;
    });
    if (isThere) return;
    if (waits.some(function (one) { return one.values.update === values.update; })) values.update = newUpdate();
    waits.push({ values: values, label: label });
    keep();
    showWaits();
    el("unsent").scrollIntoView({ block: "nearest" });
    sendNext();
  }

  function sendNext() {
    if (isBusy || timer || !waits.length) return;
    isBusy = true;
    var values = waits[0].values;
    values.after = el("after").value;
    htmx.ajax("POST", "say", { source: "#log", target: "#log", swap: "beforeend", values: values }).then(goOn, goOn);
  }

  function goOn() {
    isBusy = false;
    sendNext();
  }

  function sendLater(words) {
    tell(words);
    var wait = Math.min(AGAIN_MS * Math.pow(2, failures++), AGAIN_MOST_MS);
    timer = setTimeout(sendNow, wait * (1 + Math.random() / 8)); // not everybody in the same moment
  }

  function sendNow() {
    clearTimeout(timer);
    timer = null;
    sendNext();
  }

  function giveBack(words) { // refused for good: what was typed is not lost
    var text = el("text"), typed = waits.map(function (one) { return one.values.text || ""; }).concat(text.value);
    text.value = typed.filter(Boolean).join(" ");
    waits = [];
    tell(words);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target, values = {}, pressed = event.submitter || form.pressed;
    if (form.getAttribute("action") !== "say") return;
    event.preventDefault();
    each(form.elements, function (field) { if (field.name && field.type !== "submit") values[field.name] = field.value; });
    if (pressed && pressed.name) values[pressed.name] = pressed.value;
    if (form.id === "composer") {
      if (!values.text.trim()) return;
      form.elements.text.value = "";
      form.elements.update.value = newUpdate();
    }
    add(values, values.text || (pressed && pressed.textContent) || "");
  });
  document.addEventListener("click", function (event) { // browsers before 2021 do not say which button sent a form
    var button = event.target.closest && event.target.closest("form button");
    if (button) button.form.pressed = button;
  }, true);

  // What the server answers

  function dropDoubles() {
    var seen = {};
    each(Array.prototype.slice.call(el("log").children), function (turn) {
      if (seen[turn.id]) turn.parentNode.removeChild(turn);
      seen[turn.id] = true;
    });
  }

  function say(turns) {
    el("announcer").textContent = turns.map(function (turn) {
      return Array.prototype.map.call(turn.querySelectorAll(".bubble, .toast"), function (part) {
        return part.innerText.replace(/[\u2580-\u25ff]{3,}/g, "");  // a bar is for the eye
      }).join("\n");
    }).join("\n");
  }

  function ids() { return Array.prototype.map.call(el("log").children, function (turn) { return turn.id; }); }

  document.addEventListener("htmx:beforeSwap", function () { if (el("log")) before = ids(); });
  // At the swap itself: whoever sees the answer can type and tap at once, and nothing of that is taken away.
  document.addEventListener("htmx:afterSwap", function (event) {
    var config = event.detail.requestConfig, isPost = config && config.verb === "post";
    if (!config || !el("log")) return;
    dropDoubles();
    watchKeys();
    var fresh = Array.prototype.filter.call(el("log").children, function (turn) { return before.indexOf(turn.id) < 0; });
    showCopyButtons();
    if (fresh.length) {
      say(fresh);
      before = ids();
    } else {
      var toasts = el("log").querySelectorAll(".toast");
      if (toasts.length) el("announcer").textContent = toasts[toasts.length - 1].textContent;
    }
    if (!isPost || !fresh.length) return;
    settle(config.parameters);
    if (!el("text") || document.activeElement !== el("text")) fresh[0].focus({ preventScroll: true });
    findBeginning(fresh[0]).scrollIntoView();
  });

  function findBeginning(turn) { // where the answer to many words is read from
    var said = turn.querySelector(".said"), bubble = turn.querySelector(".bubble");
    return said && bubble && said.offsetHeight > window.innerHeight / 3 ? bubble : turn;
  }

  function settle(values) { // the server has it
    if (!waits.length || waits[0].values.update !== values.update) return;
    waits.shift();
    failures = 0;
    tell("");
    keep();
    if (!el("composer")) return;
    showWaits();
    each(document.querySelectorAll("input[name=update]"), function (input) {
      if (input.value === values.update) input.value = newUpdate();
    });
  }

  document.addEventListener("htmx:afterRequest", function (event) {
    var config = event.detail.requestConfig, status = event.detail.xhr.status;
    if (config.verb !== "post") return;
    if (status >= 200 && status < 400) settle(config.parameters);
    else if (!status || status >= 500) sendLater(el("notice").dataset.offline);
    else if (status === 429) sendLater(el("notice").dataset.slow);
    else { giveBack(event.detail.xhr.responseText); keep(); showWaits(); }
  });

  // What comes unasked

  function look() {
    if (document.visibilityState !== "visible" || isBusy || timer || !el("log")) return;
    isBusy = true;
    htmx.ajax("GET", "news", { source: "#log", target: "#log", swap: "beforeend", values: { after: el("after").value } }).then(goOn, goOn);
  }

  function wake() {
    if (timer) sendNow();
    else look();
  }

  // The buttons of the last turn, where a long answer leaves them below what is seen

  var watcher = null;

  function findKeys() {
    var good = document.querySelector("section.turn:last-of-type .keys .good");
    var all = document.querySelectorAll("section.turn:last-of-type .keys");
    return good ? good.form : all[all.length - 1];
  }

  function watchKeys() {
    var keys = findKeys();
    if (watcher) watcher.disconnect();
    if (!el("below")) return;
    el("below").hidden = true;
    if (!keys || !window.IntersectionObserver) return;
    watcher = new IntersectionObserver(function (seen) {
      var last = seen[seen.length - 1];
      el("below").hidden = last.isIntersecting || last.boundingClientRect.top < 0;
    }, { rootMargin: "0px 0px -" + (el("composer").offsetHeight + 8) + "px 0px" });
    watcher.observe(keys);
  }

  el("below").addEventListener("click", function () {
    var keys = findKeys();
    if (!keys) return;
    keys.scrollIntoView({ block: "center" });
    keys.querySelector("button").focus({ preventScroll: true });
  });

  // What can be copied

  function showCopyButtons() {
    each(document.querySelectorAll(".copy button[hidden]"), function (button) { button.hidden = false; });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".copy button");
    if (!button) return;
    var words = button.previousElementSibling, label = button.textContent;
    function done() {
      button.textContent = button.dataset.copied;
      el("announcer").textContent = button.dataset.copied;
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

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  setInterval(look, LOOK_MS);
  showCopyButtons();
  watchKeys();
  if (el("log").children.length > 1 && !location.hash) el("log").lastElementChild.scrollIntoView();
  waits = findKept();
  showWaits();
  sendNext();
})();
