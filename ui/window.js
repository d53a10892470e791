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
    for (const field of document.querySelectorAll("input[data-zh]")) field.placeholder = field.dataset[language()];
    const count = document.querySelector("#notebook h2 small")?.textContent ?? "0";
    const opener = document.getElementById("notes");
    if (opener && opener.dataset.count !== count) opener.dataset.count = count;
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

  // -- the columns beside the chat fold away; on a narrow page they lie over it ---------------------------------------
  const page = document.documentElement;
  const narrow = matchMedia("(max-width: 1024px)");
  const fold = () => {
    page.dataset.side = narrow.matches ? "closed" : recall("side") || "open";
    page.dataset.sources = narrow.matches ? "closed" : "open";
  };
  fold();
  narrow.addEventListener("change", fold);
  page.dataset.notes = "closed";
  let opener = null;
  const foldSide = (state) => {
    page.dataset.side = state;
    if (!narrow.matches) remember("side", state);
  };
  const foldSources = (state) => {
    page.dataset.sources = state;
    if (state === "closed" && opener?.isConnected) opener.focus();
    opener = null;
  };
  const isOver = (name) => narrow.matches && page.dataset[name] === "open";
  const showSources = (section) => {
    page.dataset.notes = "closed";
    for (const other of section.parentElement.querySelectorAll(".sources")) other.hidden = other !== section;
    page.dataset.sources = "open";
  };

  // -- markers: a click leads to the quote, resting on one shows it ------------------------------------------------
  const follow = (link) => {
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return false;
    const section = target.closest(".sources");
    if (section) {
      showSources(section);
      opener = link;
    } else if (narrow.matches) {
      foldSources("closed");
    }
    const quote = target.querySelector("mark");
    const jumps = calm || (section && narrow.matches);
    (quote ?? target).scrollIntoView({ behavior: jumps ? "auto" : "smooth", block: quote ? "center" : "nearest" });
    target.focus({ preventScroll: true });
    if (section) target.animate([{ boxShadow: "0 0 0 3px var(--flash)" }, { boxShadow: "0 0 0 3px transparent" }], 1600);
    return true;
  };
  const focusQuestion = ({ unlessElsewhere = false } = {}) => {
    if (!matchMedia("(hover: hover)").matches) return;
    const at = document.activeElement;
    // A reader who is reading a source, or has gone on to something else, stays there.
    if (unlessElsewhere && at && at !== document.body && !at.closest("#composer, #examples")) return;
    document.querySelector("#question textarea")?.focus();
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

  // -- files are dropped or pasted anywhere -------------------------------------------------------------------------
  const cover = document.createElement("div");
  cover.id = "drop-cover";
  cover.hidden = true;
  cover.innerHTML = '<span class="words" lang="zh-Hans">松开即可添加到文档库</span><span class="words" lang="en">Drop to add to the library</span>';
  document.body.append(cover);
  const withFiles = (event) => event.dataTransfer?.types.includes("Files") && !event.target.closest?.("#upload, #evaluation");
  const take = (files) => {
    const input = document.querySelector("#dropped input[type=file]");
    if (!input || !files.length) return;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    document.querySelector("#chat-page-button")?.click();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  addEventListener("dragover", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) cover.hidden = true;
  });
  addEventListener("drop", (event) => {
    cover.hidden = true;
    if (!withFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  // Web addresses that are pasted are offered to be added; in the question, they are also pasted.
  const dismiss = () => {
    const form = document.querySelector("#offer form");
    if (form) form.hidden = true;
  };
  const offerToAdd = (addresses) => {
    const form = document.querySelector("#offer form");
    const list = form.querySelector("ul");
    if (list) {
      list.replaceChildren(
        ...addresses.map((address) => {
          const item = document.createElement("li");
          item.textContent = address;
          return item;
        }),
      );
      form.elements.addresses.value = addresses.join(" ");
    }
    document.querySelector("#chat-page-button")?.click();
    form.hidden = false;
  };
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      take(files);
      return;
    }
    const words = event.clipboardData?.getData("text/plain").trim().split(/\s+/) ?? [];
    const elsewhere = event.target.closest?.("input, textarea") && !event.target.closest("#question");
    if (!elsewhere && words.length <= 20 && words.every((word) => /^https?:\/\/[^\s/]/i.test(word))) offerToAdd(words);
  });
  addEventListener("submit", (event) => {
    if (!event.target.closest("#offer")) return;
    dismiss();
    // The question is no longer the pasted address.
    const area = document.querySelector("#question textarea");
    if (area.value.trim() && event.target.elements.addresses.value.includes(area.value.trim())) {
      area.value = "";
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // -- what is selected in an answer or a quote can be kept as a note ------------------------------------------------
  const keeper = document.createElement("button");
  keeper.id = "keep-selection";
  keeper.type = "button";
  keeper.hidden = true;
  keeper.innerHTML = 'KEEP_SELECTION';
  document.body.append(keeper);
  let selected = null;
  const offerToKeep = () => {
    const selection = getSelection();
    const text = selection.isCollapsed ? "" : selection.toString().trim();
    const within = selection.rangeCount ? selection.getRangeAt(0).commonAncestorContainer : null;
    const holder = (within?.nodeType === Node.TEXT_NODE ? within.parentElement : within)?.closest?.("#chat .text, #panel blockquote");
    const button = holder?.closest(".turn, .card").querySelector("button[data-do=keep]");
    keeper.hidden = !button || text.length < 2;
    if (keeper.hidden) return;
    selected = { button, text };
    const at = selection.getRangeAt(0).getBoundingClientRect();
    keeper.style.left = `${Math.max(8, Math.min(at.left, innerWidth - keeper.offsetWidth - 8))}px`;
    keeper.style.top = `${Math.max(8, Math.min(at.bottom + 8, innerHeight - keeper.offsetHeight - 8))}px`;
  };
  let selecting;
  document.addEventListener("selectionchange", () => {
    clearTimeout(selecting);
    selecting = setTimeout(offerToKeep, 150);
  });
  keeper.addEventListener("pointerdown", (event) => event.preventDefault());
  keeper.addEventListener("click", () => {
    offerToKeep();
    if (keeper.hidden) return;
    const { button, text } = selected;
    button.dataset.selected = text;
    button.click();
    delete button.dataset.selected;
    getSelection().removeAllRanges();
    keeper.hidden = true;
  });
  addEventListener("scroll", () => { keeper.hidden = true; }, true);

  const save = ({ name, data }) => {
    if (!name) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))]));
    const [, stem, kind] = name.match(/^(.*)(\.\w+)$/s);
    link.download = stem.replace(/[\\/:*?"<>|\s]+/g, " ").slice(0, 60) + kind;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const done = (button) => {
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
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
    done(button);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && follow(link)) event.preventDefault();
    hideTip();
    const button = event.target.closest("button");
    if (event.target.closest("#side")) foldSide(page.dataset.side === "open" ? "closed" : "open");
    else if (isOver("side") && !event.target.closest("#conversations")) foldSide("closed");
    if (button?.dataset.notes !== undefined) {
      page.dataset.notes = page.dataset.notes === "open" ? "closed" : "open";
      if (page.dataset.notes === "open") document.querySelector("#chat-page-button")?.click();
    }
    if (button?.dataset.fold !== undefined) foldSources("closed");
    else if (button?.dataset.sources) {
      const section = document.querySelector(`#panel .sources[data-turn="${button.dataset.sources}"]`);
      if (section) {
        showSources(section);
        opener = button;
        section.focus();
      }
    } else if (isOver("sources") && !link && event.target.isConnected && !event.target.closest("#panel, #notebook, dialog")) {
      foldSources("closed");
    }
    if (button?.dataset.copy) copy(button);
    if (button?.dataset.ask) {
      const area = document.querySelector("#question textarea");
      document.querySelector("#chat-page-button")?.click();
      area.value = button.dataset.ask;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      setTimeout(() => document.getElementById("send").click(), 50);
    }
    if (button?.dataset.dismiss !== undefined) dismiss();
    if (event.target.closest("#theme")) {
      remember("theme", document.body.classList.contains("dark") ? "light" : "dark");
      paint();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    hideTip();
    dismiss();
    keeper.hidden = true;
    if (page.dataset.notes === "open") page.dataset.notes = "closed";
    else if (isOver("sources")) foldSources("closed");
    else if (isOver("side")) foldSide("closed");
  });

  window.yinju = {
    remember, visitor, language, switchLanguage, save, calm, done, focusQuestion,
    conversation: () => recall("conversation"),
    settings: () => recall("settings"),
  };

  // -- the parts of the page that are HTML: those that are there already, and those that come later -----------------
  const connect = ([element, trigger, server, watch]) => {
ACTIONS
  };
  const parts = window.yinjuParts ?? [];
  window.yinjuParts = { push: connect };
  parts.forEach(connect);
}
