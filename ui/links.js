// Runs in the chat and in the panel: a marker leads to its card, a card's number leads back to its answer.
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
element.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  const section = target.closest(".sources");
  if (section) for (const other of section.parentElement.children) other.hidden = other !== section;
  const quote = target.querySelector("mark");
  (quote ?? target).scrollIntoView({ behavior: calm ? "auto" : "smooth", block: quote ? "center" : "nearest" });
  target.focus({ preventScroll: true });
  if (section) target.animate([{ boxShadow: "0 0 0 3px var(--flash)" }, { boxShadow: "0 0 0 3px transparent" }], 1600);
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
    if (following || log.childElementCount !== turns) log.scrollTop = log.scrollHeight;
    turns = log.childElementCount;
  });
}
