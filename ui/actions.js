// Runs once for each part of the page that is HTML, within window.js: what is pressed there becomes an event of the part.
element.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || !element.contains(button)) return;
  if (button.dataset.event) trigger(button.dataset.event, { ...button.dataset });
  if (button.dataset.do === "keep") window.yinju.done(button);
  if (button.dataset.export) {
    window.yinju.save(
      await server.exported({
        kind: button.dataset.export,
        id: button.dataset.id,
        form: button.dataset.form,
        style: button.closest(".export").querySelector("select").value,
        visitor: window.yinju.visitor(),
        language: window.yinju.language(),
      }),
    );
  }
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  trigger(form.dataset.event, { ...form.dataset, ...Object.fromEntries(new FormData(form, event.submitter)) });
});
// A search follows what is typed, after a short pause.
let typing;
element.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => form.requestSubmit(), 250);
});
element.addEventListener("change", (event) => {
  const box = event.target;
  if (box.type === "checkbox" && box.dataset.event) trigger(box.dataset.event, { ...box.dataset, checked: box.checked });
});
// A new question is shown from its beginning, and stays there while the answer grows below it.
const log = element.querySelector(".log");
if (log) {
  let turns = 0;
  let shown = "";
  watch("value", () => {
    const now = element.querySelector(".log");
    const last = now.querySelector(".turn:last-child");
    const another = shown && now.dataset.conversation && shown !== now.dataset.conversation;
    if (last && (now.childElementCount > turns || another)) {
      now.scrollTop += last.getBoundingClientRect().top - now.getBoundingClientRect().top - 12;
    }
    turns = last ? now.childElementCount : 0;
    shown = now.dataset.conversation;
    window.yinju.remember("conversation", shown);
  });
}
// What the reader has opened stays open when the part is shown again.
const opened = new Set();
element.addEventListener(
  "toggle",
  (event) => {
    const kept = event.target.dataset?.keep;
    if (kept && event.target.open) opened.add(kept);
    else if (kept) opened.delete(kept);
  },
  true,
);
watch("value", () => {
  // A box that was ticked by hand follows its attribute no longer.
  for (const box of element.querySelectorAll("input[type=checkbox]")) box.checked = box.hasAttribute("checked");
  for (const detail of element.querySelectorAll("details[data-keep]")) detail.open = opened.has(detail.dataset.keep);
});
