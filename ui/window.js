() => {
  // What the browser remembers of a visitor; without storage, for this page only.
  const kept = {};
  const remember = (name, value) => {
    kept[name] = value;
    try {
      localStorage.setItem(`yinju-${name}`, value);
    } catch {}
  };
  const recall = (name) => {
    try {
      return localStorage.getItem(`yinju-${name}`) ?? kept[name] ?? "";
    } catch {
      return kept[name] ?? "";
    }
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // -- language and theme: the browser's own, until the reader chooses ---------------------------------------------
  const language = () => recall("language") || (/^zh/i.test(navigator.language) ? "zh" : "en");
  const speak = () => {
    document.documentElement.dataset.language = language();
    document.documentElement.lang = language() === "zh" ? "zh-Hans" : "en";
  };
  const switchLanguage = () => {
    remember("language", language() === "zh" ? "en" : "zh");
    speak();
    return language();
  };
  const paint = () => {
    if (recall("theme")) document.body.classList.toggle("dark", recall("theme") === "dark");
  };
  speak();
  paint();

  const visitor = () => {
    if (!recall("visitor")) {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      remember("visitor", Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
    }
    return recall("visitor");
  };

  // -- markers: a click leads to the quote, resting on one shows it ------------------------------------------------
  const follow = (link) => {
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return false;
    const section = target.closest(".sources");
    if (section) for (const other of section.parentElement.children) other.hidden = other !== section;
    const quote = target.querySelector("mark");
    (quote ?? target).scrollIntoView({ behavior: calm ? "auto" : "smooth", block: quote ? "center" : "nearest" });
    target.focus({ preventScroll: true });
    if (section) target.animate([{ boxShadow: "0 0 0 3px var(--flash)" }, { boxShadow: "0 0 0 3px transparent" }], 1600);
    return true;
  };
  const tip = document.createElement("div");
  tip.id = "quote-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  const hideTip = () => {
    tip.hidden = true;
  };
  const showTip = (link) => {
    const card = document.getElementById(link.hash.slice(1));
    const quote = card?.querySelector("mark");
    if (!quote) return;
    const title = document.createElement("b");
    title.textContent = card.querySelector("h3").textContent;
    const text = document.createElement("span");
    text.textContent = quote.textContent;
    text.lang = quote.closest("[lang]")?.lang ?? "";
    tip.replaceChildren(title, text);
    tip.hidden = false;
    const at = link.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left - 24, innerWidth - tip.offsetWidth - 8))}px`;
    const above = at.top - tip.offsetHeight - 8;
    tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
  };
  const markerOf = (event) => event.target.closest?.('#chat a.marker[href^="#source-"]');
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => (markerOf(event) ? showTip(markerOf(event)) : hideTip()));
  }
  addEventListener("scroll", hideTip, true);

  // -- a whole document, and its quotes one after the other --------------------------------------------------------
  const dialog = document.createElement("dialog");
  dialog.id = "document";
  dialog.innerHTML =
    '<nav><button type="button" class="previous" aria-label="Previous quote 上一处">‹</button><span class="at"></span>' +
    '<button type="button" class="next" aria-label="Next quote 下一处">›</button>' +
    '<button type="button" class="close" aria-label="Close 关闭">×</button></nav><div class="whole" tabindex="0"></div>';
  document.body.append(dialog);
  let at = 0;
  const goTo = (number) => {
    const marks = [...dialog.querySelectorAll("mark")];
    dialog.querySelector("nav").classList.toggle("alone", marks.length < 2);
    if (!marks.length) return;
    at = (number + marks.length) % marks.length;
    marks.forEach((mark, place) => mark.classList.toggle("current", place === at));
    dialog.querySelector(".at").textContent = `${at + 1} / ${marks.length}`;
    marks[at].scrollIntoView({ block: "center" });
  };
  // `html` comes from this window's own server, which escapes what documents say.
  const openDocument = (html, number, opener) => {
    dialog.querySelector(".whole").innerHTML = html;
    dialog.showModal();
    dialog.addEventListener("close", () => opener.focus(), { once: true });
    goTo(number);
  };
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest(".close")) dialog.close();
    if (event.target.closest(".previous")) goTo(at - 1);
    if (event.target.closest(".next")) goTo(at + 1);
  });

  const save = (text, name) => {
    if (!text) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
    link.download = `${name.replace(/[\\/:*?"<>|\s]+/g, " ").slice(0, 60)}.md`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without a secure address there is no clipboard but this one.
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && follow(link)) event.preventDefault();
    hideTip();
    const button = event.target.closest("button");
    if (button?.dataset.copy) copy(button);
    if (button?.dataset.ask) {
      const area = document.querySelector("#question textarea");
      document.querySelector("#chat-page-button")?.click();
      area.value = button.dataset.ask;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      setTimeout(() => document.getElementById("send").click(), 50);
    }
    if (event.target.closest("#theme")) {
      remember("theme", document.body.classList.contains("dark") ? "light" : "dark");
      paint();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });

  window.yinju = {
    remember, visitor, language, switchLanguage, openDocument, save,
    conversation: () => recall("conversation"),
  };
}
