// Sarnakh's page script: what a visitor sees and does on a landing page, several activities to a post.
//
//   <script src="https://PUBLIC-URL/s.js?form=ebook" defer></script>
//
// It sets no cookie. It keeps nothing on the device either, unless the page says that the visitor allowed it:
// data-allow on the script, or sarnakh.allow() later; then the visitor's id and the original source stay in localStorage.
// Forms work without it. script.min.js is made from this file: go test ./internal/flow/web -run Script -update
// (comments and line breaks go, names stay: keep every statement closed by ; or a brace, and // comments on lines of their own).
((d, w, nav) => {
  var me = d.currentScript,
    data = me.dataset,
    base = me.src.replace(/\/s\.js.*$/, ""),
    tokens = w.sarnakhTokens || {},
    variant = data.variant || (d.querySelector("[data-variant]") || me).getAttribute("data-variant") || "",
    path = data.path || location.pathname,
    queue = [],
    seen = {},
    timer,
    first,
    visitor,
    source = {};

  // An id of 26 letters and digits. Nobody can guess it, and nothing about the person is in it.
  function id() {
    var s = "";
    crypto.getRandomValues(new Uint8Array(26)).forEach(n => s += (n & 31).toString(32));
    return s;
  }

  // Where they came from: the link's own words, and the page before, without its query.
  new URLSearchParams(location.search).forEach((v, k) => /^utm_(source|medium|campaign|term|content)$/.test(k) && (source[k] = v.slice(0, 100)));
  if (d.referrer.indexOf(location.origin)) source.referrer = d.referrer.replace(/^\w+:\/\/|[?#].*$/g, "").slice(0, 200);

  // The original source is the first that was ever known; the latest stands beside it.
  function recall() {
    var kept = {};
    try { kept = JSON.parse(localStorage.sarnakh) || kept; } catch (e) {}
    visitor = kept.v || visitor;
    first = kept.f || first;
    try { localStorage.sarnakh = JSON.stringify({ v: visitor, f: first }); } catch (e) {}
  }
  visitor = id();
  first = source;
  if ("allow" in data) recall();

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!queue[0]) return;
    var now = Date.now(),
      body = JSON.stringify({
        visitor, id: id(), sent: now, path, variant, source, first,
        activities: queue.splice(0, 40).map(a => ({ type: a[0], name: a[1], ago: now - a[2] }))
      });
    nav.sendBeacon(base + "/b", body);
    if (queue[0]) flush();
  }

  // once: a thing is seen or started once a page view, but clicked as often as it is.
  function note(type, name, once) {
    var key = type + " " + name;
    if (once && seen[key]) return;
    seen[key] = 1;
    queue.push([type, name || "", Date.now()]);
    timer = timer || setTimeout(flush, 2000);
  }

  function formName(f) { return f.dataset.form || (/\/f\/([\w-]+)/.exec(f.getAttribute("action")) || [])[1]; }

  // What is not known is not said.
  function hidden(f, name, value) {
    var i = f.elements[name];
    if (!value) return;
    if (!i) { i = d.createElement("input"); i.type = "hidden"; i.name = name; f.append(i); }
    i.value = value;
  }

  function on(type, act) { d.addEventListener(type, act, 1); }
  function near(e, css) { return e.target.closest && e.target.closest(css); }

  on("click", e => {
    var a = near(e, "[data-cta]"), b = near(e, "[data-share]");
    if (a) note("cta.clicked", a.dataset.cta);
    if (b) note("social.shared", b.dataset.share);
  });
  on("input", e => {
    var f = near(e, "form"), name = f && formName(f);
    if (name) note("form.started", name, 1);
  });
  on("submit", e => {
    var f = e.target, name = formName(f), k;
    if (!name) return;
    hidden(f, "_visitor", visitor);
    hidden(f, "_path", path);
    hidden(f, "_ms", Math.round(performance.now()));
    hidden(f, "_zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
    hidden(f, "_variant", variant);
    hidden(f, "_token", tokens[name]);
    for (k in source) hidden(f, "_" + k, source[k]);
    for (k in first) hidden(f, "_first_" + k, first[k]);
    flush();
  });
  on("visibilitychange", () => { if (d.hidden) flush(); });
  w.addEventListener("pagehide", flush);

  note("page.viewed", "");
  if (/^(cpc|ppc|paid|ads?|display)/i.test(source.utm_medium || "") || /[?&](gclid|msclkid)=/.test(location.search)) note("ad.clicked", source.utm_source || "");

  // A quarter counts as seen: half of a long form never fits a phone.
  if (w.IntersectionObserver) {
    var watch = new IntersectionObserver(all => {
      all.forEach(x => {
        if (!x.isIntersecting) return;
        var e = x.target;
        watch.unobserve(e);
        if (e.dataset.cta) { note("cta.seen", e.dataset.cta, 1); } else { note("form.seen", formName(e), 1); }
      });
    }, { threshold: 0.25 });
    d.querySelectorAll("[data-cta],form").forEach(e => { if (e.dataset.cta || formName(e)) watch.observe(e); });
  }

  w.sarnakh = { allow: recall, flush, visitor: () => visitor };
})(document, window, navigator);
