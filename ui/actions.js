// Runs for every part of the page that is HTML: what is pressed there becomes an event of the part.
element.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || !element.contains(button)) return;
  if (button.dataset.event) trigger(button.dataset.event, { ...button.dataset });
  if (button.dataset.save) {
    const name = button.closest("li").querySelector(".title").textContent.trim();
    window.yinju.save(await server.markdown({ id: button.dataset.save, visitor: window.yinju.visitor() }), name);
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
// The chat follows its newest line, unless the reader has scrolled away from it.
const log = element.querySelector(".log");
if (log) {
  let following = true;
  let turns = 0;
  log.addEventListener("scroll", () => {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
  });
  watch("value", () => {
    const now = element.querySelector(".log");
    if (following || now.childElementCount !== turns) now.scrollTop = now.scrollHeight;
    turns = now.childElementCount;
    window.yinju.remember("conversation", now.dataset.conversation);
  });
}
