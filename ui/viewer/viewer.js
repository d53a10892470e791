// Runs once for the dialog that shows a whole document. HTML comes from this window's own server, which escapes what documents say.
const dialog = element.querySelector("dialog");
const part = (name) => dialog.querySelector(name);
const whole = part(".whole");
const aside = part("aside");
let request = {};
let state = {};
let outline = "";
let asked = 0;

const scrollTo = (target, block = "center") => {
  target?.scrollIntoView({ block, behavior: "auto" });
};
const quotesAt = (number) => [...part(".body").querySelectorAll(`mark[data-quote="${number}"]`)];

const markCurrent = () => {
  for (const mark of part(".body").querySelectorAll("mark.current")) mark.classList.remove("current");
  for (const mark of quotesAt(request.at)) mark.classList.add("current");
  const count = request.places.length;
  part(".quotes").hidden = count < 1;
  part(".previous").hidden = part(".next").hidden = count < 2;
  part(".at").textContent = count ? `${request.at + 1} / ${count}` : "";
};

// Leads to what was asked for: a hit, a heading, a page, or the quote.
const arrive = (target) => {
  markCurrent();
  const body = part(".body");
  if (target?.at !== undefined) return scrollTo(body.querySelector(`[data-at="${target.at}"]`), "start");
  if (target?.page) return scrollTo(body.querySelector(`figure[data-page="${target.page}"]`), "start");
  if (target?.top) return whole.scrollTo(0, 0);
  const mark = body.querySelector("mark.hit") ?? quotesAt(request.at)[0];
  if (mark) return scrollTo(mark);
  if (state.pages && (request.hit || request.places.length)) return scrollTo(body.querySelector(`figure[data-page="${state.page}"]`), "start");
  whole.scrollTo(0, 0);
};

const fill = (answer) => {
  state = answer;
  part("#document-heading").innerHTML = answer.heading ?? "";
  part(".body").innerHTML = answer.html;
  outline = answer.outline ?? "";
  part(".contents").hidden = !outline;
  if (!request.listing) aside.innerHTML = outline;
  aside.hidden = !dialog.classList.contains("beside") || !aside.innerHTML;
  part(".mode").hidden = !answer.drawable;
  dialog.classList.toggle("as-pages", Boolean(answer.pages));
  part(".download").innerHTML = answer.download ?? "";
  part(".earlier").hidden = !(answer.part > 0);
  part(".later").hidden = !(answer.part + 1 < answer.parts);
};

const show = async (changes, target) => {
  request = { ...request, part: -1, hit: null, ...changes };
  const mine = ++asked;
  dialog.setAttribute("aria-busy", "true");
  try {
    const answer = await server.show(request);
    if (mine === asked) {
      fill(answer);
      arrive(target);
    }
  } finally {
    if (mine === asked) dialog.removeAttribute("aria-busy");
  }
};

const beside = (open) => {
  dialog.classList.toggle("beside", open);
  part(".contents").setAttribute("aria-expanded", String(open));
  aside.hidden = !open || !aside.innerHTML;
};

const open = async (opener, begin) => {
  part("#document-heading").innerHTML = part(".body").innerHTML = aside.innerHTML = part(".download").innerHTML = "";
  part("input").value = "";
  part(".quotes").hidden = part(".contents").hidden = part(".mode").hidden = part(".earlier").hidden = part(".later").hidden = true;
  beside(false);
  dialog.addEventListener("close", () => opener.focus(), { once: true });
  dialog.showModal();
  await begin();
  // Wide enough for both: a document with headings shows them, except where a quote is to be read.
  if (outline && !request.places?.length && innerWidth >= 1000) beside(true);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-document], button[data-cleaned]");
  if (!button) return;
  const asksFor = JSON.parse(button.dataset.document ?? button.dataset.cleaned);
  request = { places: [], at: 0, text: false, ...asksFor, listing: false };
  dialog.classList.toggle("cleaning", !button.dataset.document);
  open(button, async () => {
    if (button.dataset.document) return show({});
    fill(await server.cleaned(asksFor));
  });
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest(".close")) return dialog.close();
  const button = event.target.closest("button");
  if (!button) return;
  const count = request.places.length;
  const goTo = (number) => {
    const at = (number + count) % count;
    if (state.quotes[at] !== state.part) return show({ at });
    request.at = at;
    arrive();
  };
  if (button.matches(".previous")) goTo(request.at - 1);
  if (button.matches(".next")) goTo(request.at + 1);
  if (button.matches(".mode")) show({ text: Boolean(state.pages) });
  if (button.matches(".earlier")) show({ part: state.part - 1 }, { top: true });
  if (button.matches(".later")) show({ part: state.part + 1 }, { top: true });
  if (button.matches(".contents")) {
    const shut = dialog.classList.contains("beside") && !request.listing;
    request.listing = false;
    aside.innerHTML = outline;
    beside(!shut);
  }
  if (button.dataset.hit) {
    show({ hit: button.dataset.hit.split(",").map(Number) });
    if (innerWidth < 700) beside(false);
  }
  if (button.dataset.at || button.dataset.page) {
    const target = button.dataset.at ? { at: button.dataset.at } : { page: button.dataset.page };
    if (Number(button.dataset.part) === state.part) arrive(target);
    else show({ part: Number(button.dataset.part) }, target);
    if (innerWidth < 700) beside(false);
  }
});

dialog.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  const query = part("input").value.trim();
  if (!query) return;
  const answer = await server.find({ id: request.id, query });
  request.listing = true;
  aside.innerHTML = answer.html;
  aside.scrollTo(0, 0);
  beside(true);
  aside.querySelector("button")?.click();
});
