import { describe, expect, test } from "bun:test";
import { type Digest, digest } from "../../../../agent/read/digest.ts";
import { digestAside } from "../../../../agent/read/digest-aside.ts";
import { ReadError } from "../../../../agent/read/errors.ts";
import { DEFAULT_LIMITS } from "../../../../agent/read/limits.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (name: string, content: string | Uint8Array, more = {}): Digest =>
  digest({
    source: `/home/${name}`,
    name,
    bytes: typeof content === "string" ? bytes(content) : content,
    ...more,
  });
const textOf = (result: Digest) => result.passages.map((p) => p.text).join("\n\n");

function refusal(work: () => unknown): ReadError {
  try {
    work();
  } catch (error) {
    if (error instanceof ReadError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("text", () => {
  test("wrapped lines are joined, blank lines part paragraphs, lists keep lines", () => {
    const result = read(
      "on_ships-2.txt",
      "One line\nand its rest.\n\nA list:\n- first\n  more\n- second\n",
    );
    expect(result.format).toBe("text");
    expect(result.title).toBe("on ships 2");
    expect(textOf(result)).toBe("One line and its rest.\n\nA list:\n- first more\n- second");
  });

  test("a first line without a full stop is the title", () => {
    const result = read("x.txt", "The Treaty of Orn\r\n\r\nIt was signed.\r\n");
    expect(result.title).toBe("The Treaty of Orn");
    expect(textOf(result)).toBe("It was signed.");
    expect(read("x.txt", "The treaty", { title: " Given " }).title).toBe("Given");
  });

  test("character sets: UTF-16, Windows-1252, and a named one", () => {
    const utf16 = new Uint8Array([0xff, 0xfe, ...Buffer.from("Schöne Schiffe", "utf16le")]);
    expect(textOf(read("a.txt", utf16))).toBe("Schöne Schiffe");
    expect(textOf(read("a.txt", Buffer.from("Schöne Schiffe", "latin1")))).toBe("Schöne Schiffe");
    const cyrillic = new Uint8Array([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    expect(textOf(read("a.txt", cyrillic, { charset: "windows-1251" }))).toBe("Привет");
    const page = Buffer.from(
      '<html><meta charset="koi8-r"><p>\xf0\xd2\xc9\xd7\xc5\xd4</p></html>',
      "latin1",
    );
    expect(textOf(read("a.html", page))).toBe("Привет");
  });

  test("bytes that are no text are refused by what they are", () => {
    expect(refusal(() => read("a.txt", new Uint8Array([1, 2, 0, 4]))).code).toBe("binary");
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 255 || 1);
    expect(refusal(() => read("a.txt", noise)).code).toBe("binary");
    const pdf = refusal(() => read("a.txt", "%PDF-1.7 …"));
    expect(pdf.code).toBe("binary");
    expect(pdf.message).toBe(
      "/home/a.txt is a PDF, which cannot be read: give a text, Markdown, HTML, PDF, EPUB or DOCX file.",
    );
  });

  test("nothing to read is told as that", () => {
    expect(refusal(() => read("a.txt", " \n\t\n")).code).toBe("empty");
    expect(refusal(() => read("a.html", "<p><script>let x</script></p>")).code).toBe("no-text");
    expect(refusal(() => read("a.md", "![](x.png)\n\n# Only a title")).code).toBe("no-text");
  });
});

test("Markdown becomes plain text", () => {
  const result = read(
    "n.md",
    "---\ntitle: 'My note'\ntags: [a]\n---\n# Head **one**\n\nHello [link](http://x) and\nwrap `code`<b>!</b>  \nhard.\n\n- a\n  - b *c*\n\n| A | B |\n|--|--|\n| 1 | 2 |\n\n```js\nlet x;\ny\n```\n\n<div>block<script>bad()</script></div>\n",
  );
  expect(result.title).toBe("My note");
  expect(textOf(result)).toBe(
    "Hello link and wrap code!\nhard.\n\na\nb c\n\nA, B\n1, 2\n\nlet x;\ny\n\nblock",
  );
  expect(result.passages[0]!.title).toBe("My note: Head one");
  // A rule is no header.
  expect(textOf(read("r.md", "---\nJust text.\n\n---\n\nMore."))).toContain("Just text.");
});

describe("pages", () => {
  const filler = (word: string) => `${`A ${word} sentence, with commas, and words. `.repeat(12)}`;

  test("the article is found, and its paragraphs stay paragraphs", () => {
    const result = read(
      "p.html",
      `<html><head><title>The Page</title><style>p{}</style></head><body><nav><a>Home</a></nav>
      <div class="sidebar ad">Buy this</div><article><p>${filler("first")}</p><h2>Part two [edit]</h2>
      <p>${filler("second")}<sup>[12]</sup></p><ul><li>one<li>two</ul>
      <table><tr><th>A<th>B<tr><td>1<td>2</table>verse one<br>verse two<br><br>next
      <div hidden>secret</div></article><footer>Imprint</footer><script>bad()</script></body></html>`,
    );
    expect(result.title).toBe("The Page");
    const text = textOf(result);
    expect(text).toContain("one\ntwo\n\nA, B\n1, 2\n\nverse one\nverse two\n\nnext");
    expect(text).not.toMatch(/Home|Buy this|secret|Imprint|bad|\[12\]|\[edit\]/);
    expect(result.passages.at(-1)!.title).toBe("The Page: Part two");
  });

  test("a fragment, a page without tags, and a page laid out by tables", () => {
    expect(textOf(read("f.html", "<p>Short &amp; good.</p><p>Two</p>"))).toBe(
      "Short & good.\n\nTwo",
    );
    expect(textOf(read("f.html", "no tags"))).toBe("no tags");
    const layout = read(
      "t.html",
      "<table><tr><td><p>One.</p><p>Two.</p></td><td><p>Three.</p></table>",
    );
    expect(textOf(layout)).toBe("One.\n\nTwo.\n\nThree.");
  });

  test("a page under another name is known by its beginning", () => {
    expect(read("page", "<!-- saved -->\n<!DOCTYPE html><html><p>Yes.</p></html>").format).toBe(
      "html",
    );
    expect(read("page", "a < b and <html").format).toBe("text");
  });

  test("deep nesting takes neither the stack nor the day", () => {
    const started = performance.now();
    for (const tag of ["div", "table><tr><td", "ul><li", "font"]) {
      const result = read("deep.html", `${`<${tag}>`.repeat(20_000)}<p>Down here.</p>`);
      expect(textOf(result)).toBe("Down here.");
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("digestAside", () => {
  const raw = (name: string, text: string) => ({ source: name, name, bytes: bytes(text) });

  test("gives the same in a process of its own", async () => {
    const document = raw("x.md", "# Title\n\nSome text.");
    expect(await digestAside(document)).toEqual(digest(document));
  });

  test("what is refused there is refused here", async () => {
    const refused = await digestAside(raw("x.txt", "\u0000")).catch((e) => e);
    expect(refused).toBeInstanceOf(ReadError);
    expect([refused.code, refused.source]).toEqual(["binary", "x.txt"]);
  });

  test("a page that takes too long is given up, and nothing else waits for it", async () => {
    let beats = 0;
    const timer = setInterval(() => beats++, 10);
    const tangled = "<div>".repeat(200) + "<div>a, b, c</div>".repeat(100_000);
    const started = performance.now();
    const refused = await digestAside(raw("x.html", tangled), {
      ...DEFAULT_LIMITS,
      parseMs: 500,
    }).catch((e) => e);
    clearInterval(timer);
    expect(refused.code).toBe("too-complex");
    expect(performance.now() - started).toBeLessThan(3000);
    expect(beats).toBeGreaterThan(10);
  });

  test("a page that takes too much memory ends its own process, and nothing else", async () => {
    const limits = { ...DEFAULT_LIMITS, parseMemory: 500 * 2 ** 20 };
    const hungry = "<b>".repeat(5_000_000);
    const refused = await digestAside(raw("x.html", hungry), limits).catch((e) => e);
    expect([refused.code, refused.message]).toEqual([
      "too-complex",
      "x.html takes too much memory to be read (more than 500 MB): split it, or give its text instead.",
    ]);
    expect((await digestAside(raw("x.txt", "Words."), limits)).title).toBe("x");
  });

  test("stops when asked to", async () => {
    const stop = new AbortController();
    const reading = digestAside(
      raw("x.html", "<div>a</div>".repeat(50_000)),
      undefined,
      stop.signal,
    );
    stop.abort(new Error("stop"));
    await expect(reading).rejects.toThrow("stop");
    await expect(digestAside(raw("x.txt", "a"), undefined, stop.signal)).rejects.toThrow("stop");
  });
});
