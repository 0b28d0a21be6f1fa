// Brings the controls of a page to life: it is to the site what anywidget is to a notebook.
//
// tools/make_site.py wrote <div class="course-control" data-control="NAME"> with the state as JSON in it. The module
// widgets/NAME.js beside this file draws the control into the div, when the reader comes near it.

/** A model as anywidget has it: the control reads with get; set tells those who asked with on("change:KEY", ...). */
function modelOf(state) {
  const asked = new Map();
  return {
    get: (key) => state[key],
    set(key, value) {
      if (state[key] === value) return;
      state[key] = value;
      for (const call of asked.get(`change:${key}`) ?? []) call();
    },
    save_changes() {},
    on: (event, call) => asked.set(event, (asked.get(event) ?? new Set()).add(call)),
    off: (event, call) => asked.get(event)?.delete(call),
  };
}

async function start(box) {
  const state = JSON.parse(box.querySelector("script").textContent);
  const { default: control } = await import(new URL(`widgets/${box.dataset.control}.js`, import.meta.url));
  const el = document.createElement("div");
  await control.render({ model: modelOf(state), el });
  box.append(el);
  box.dataset.ready = "true";
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target).catch((error) => {
        console.error(error);
        target.append("This control does not run in your browser. A newer browser may help.");
      });
    }
  },
  { rootMargin: "800px" },
);
for (const box of document.querySelectorAll(".course-control")) near.observe(box);
