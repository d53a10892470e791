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
    reword();
    return language();
  };
  const paint = () => {
    if (recall("theme")) document.body.classList.toggle("dark", recall("theme") === "dark");
  };
  speak();
  paint();

  // -- words that the server does not send in both languages: Gradio's own, in the language of the browser ---------
  const gradioWords = GRADIO_WORDS;
  const toasts = document.getElementsByClassName("toast-body");
  const reword = () => {
    for (const toast of toasts) {
      const texts = document.createTreeWalker(toast, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const words = gradioWords[texts.currentNode.data.trim()];
        if (words && texts.currentNode.data !== words[language()]) texts.currentNode.data = words[language()];
      }
    }
    // An option cannot contain the text in both languages.
    for (const option of document.querySelectorAll("option[data-zh]")) {
      if (option.textContent !== option.dataset[language()]) option.textContent = option.dataset[language()];
    }
    const zone = document.querySelector("#upload .upload-container");
    const label = document.querySelector(`#formats .words[lang^=${language()}]`)?.textContent;
    if (zone && label && zone.getAttribute("aria-label") !== label) zone.setAttribute("aria-label", label);
  };
  new MutationObserver(reword).observe(document.body, { childList: true, subtree: true });

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
    remember, visitor, language, switchLanguage, save, calm,
    conversation: () => recall("conversation"),
  };
}
