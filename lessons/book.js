// The pages of the course: addresses from this page, the search, blocks that scroll, code that can be copied.
(() => {
  const root = document.documentElement.dataset.root,
    anchor = decodeURIComponent(location.hash.slice(1));
  for (const [id, address] of Object.entries(play.data.links)) play.data.links[id] = root + address;
  for (const lesson of Object.values(play.data.lessons)) if (lesson.href) lesson.href = root + lesson.href;

  // The search: its entries are [what, address, kind, more words]; they are loaded when it is first used --------------

  const MOST = 12,
    KINDS = ["lesson", "term", "formula", "instrument", "page", "heading"];
  const plain = text => text.toLowerCase().replace(/[_-]/g, " ");
  // How well an entry fits, smaller is better; null where a word does not occur in it.
  const fit = ([what, , kind, more], asked) => {
    const title = plain(what),
      all = `${title} ${plain(more)}`,
      words = asked.split(/\s+/);
    if (!words.every(word => all.includes(word))) return null;
    const begins = words.every(word => title.startsWith(word) || title.includes(` ${word}`));
    const level =
      title === asked
        ? 0
        : title.startsWith(asked)
          ? 1
          : begins
            ? 2
            : words.every(word => title.includes(word))
              ? 3
              : 4;
    return level + KINDS.indexOf(kind) / 10;
  };
  play.search = asked => {
    const wanted = plain(asked.trim());
    if (!wanted) return [];
    const found = play.entries.map(entry => [fit(entry, wanted), entry]).filter(([level]) => level !== null);
    return found.sort(([one], [other]) => one - other).map(([, entry]) => entry);
  };
  const loaded = () =>
    play.entries
      ? Promise.resolve()
      : new Promise(done =>
          document.head.append(play.element("script", {src: `${root}assets/entries.js`, onload: done}))
        );

  const input = play.element("input", {
    type: "search",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "found",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    "data-label": "book.search"
  });
  const list = play.element("ul", {id: "found", role: "listbox", hidden: true, "data-label": "book.search"});
  const count = play.element("p", {class: "unseen", role: "status"});
  let options = [],
    at = -1;
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = to => {
    at = to;
    options.forEach((option, k) => option.setAttribute("aria-selected", String(k === at)));
    if (options[at]) {
      input.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({block: "nearest"});
    }
  };
  const show = () => {
    if (!input.value.trim()) return close();
    const found = play.search(input.value);
    options = found.slice(0, MOST).map(([what, address, kind, more], k) =>
      play.element(
        "li",
        {
          id: `found-${k}`,
          role: "option",
          "aria-selected": "false",
          "data-to": root + address,
          onpointerdown: event => event.preventDefault(),
          onclick: () => {
            location.href = root + address;
            close();
          }
        },
        play.element("span", {class: "kind", text: play.text(`book.kind.${kind}`)}),
        play.element("strong", {text: what}),
        play.element("span", {class: "soft", text: more})
      )
    );
    count.textContent = found.length ? play.text("book.found", {count: found.length}) : play.text("book.nothing");
    list.replaceChildren(
      ...(options.length
        ? options
        : [
            play.element("li", {
              role: "option",
              "aria-disabled": "true",
              "aria-selected": "false",
              text: count.textContent
            })
          ])
    );
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (options.length) mark(0);
  };
  input.addEventListener("focus", () => loaded().then(show));
  input.addEventListener("input", () => loaded().then(show));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      input.value = "";
      close();
    } else if (event.key === "Enter" && options[at] && !list.hidden) options[at].click();
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length && !list.hidden) {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
    }
  });
  addEventListener("keydown", event => {
    if (
      event.key !== "/" ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.target.closest("input, textarea, select")
    )
      return;
    event.preventDefault();
    input.focus();
  });

  // Blocks that are wider than the page scroll, so they can be reached by keyboard; code can be copied ----------------

  const reachable = () =>
    document.querySelectorAll("main pre, .math, main .scroll").forEach(block => {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    });
  const copying = block => {
    const button = play.element("button", {
      type: "button",
      class: "copy",
      "data-text": "book.copy",
      text: play.text("book.copy")
    });
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = play.text("book.copied");
      setTimeout(() => {
        button.textContent = play.text("book.copy");
      }, 1500);
    });
    block.before(button);
  };

  addEventListener("DOMContentLoaded", () => {
    document.querySelector(".search").append(input, list, count);
    play.part(() => {
      input.placeholder = `${play.text("book.search")}  /`;
    });
    if (navigator.clipboard) document.querySelectorAll(".cell > pre.code").forEach(copying);
    play.part(reachable);
    play.part(() =>
      document.querySelectorAll("[data-instrument]").forEach(one => {
        one.lang = document.documentElement.lang;
      })
    );
    const ready = new MutationObserver(() => {
      // the game and the instruments are above what the address names
      if (anchor && !anchor.includes("=")) document.getElementById(anchor)?.scrollIntoView({behavior: "instant"});
      ready.disconnect();
    });
    ready.observe(document.documentElement, {attributeFilter: ["data-ready"]});
  });
})();
