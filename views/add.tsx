/** @jsxImportSource hono/jsx */
import type { AddNote } from "./types.ts";

/** The attributes of each form: refusals go to the note and leave what was typed. */
const FORM = {
  class: "add-form",
  method: "post",
  action: "/sources",
  "hx-post": "/sources",
  "hx-target": "#add",
  "hx-swap": "outerHTML",
  "hx-status:4xx": "target:#add-note swap:innerHTML",
  "hx-status:5xx": "target:#add-note swap:innerHTML",
  "hx-disable": "find button",
} as const;

/** The forms of the section; the one that was used last stays open. */
export type AddForm = "url" | "file" | "text";

/** Everything that can be handed in: an address, a file, a text. Each form works without scripts. */
export function AddSection(props: { note?: AddNote; maxBytes: number; open?: AddForm }) {
  const { open = "url" } = props;
  return (
    <section id="add" aria-labelledby="add-title">
      <header class="section-head">
        <h2 id="add-title">Add something to read</h2>
      </header>
      <div id="add-note" role="status">
        {props.note && <AddMessage note={props.note} />}
      </div>
      <details name="add" open={open === "url"}>
        <summary>A web address</summary>
        <form {...FORM}>
          <label for="add-url">Address of an article</label>
          <input
            id="add-url"
            name="url"
            type="url"
            required
            placeholder="https://…"
            maxlength={2000}
            autocomplete="off"
          />
          <button type="submit">Read it</button>
        </form>
      </details>
      <details name="add" open={open === "file"}>
        <summary>Files</summary>
        <form {...FORM} enctype="multipart/form-data" hx-encoding="multipart/form-data">
          <label for="add-file">
            Texts, Markdown, HTML, PDF, EPUB or DOCX, up to {Math.round(props.maxBytes / 2 ** 20)}{" "}
            MB each
          </label>
          <input
            id="add-file"
            name="file"
            type="file"
            required
            multiple
            accept=".txt,.text,.md,.markdown,.html,.htm,.xhtml,.pdf,.epub,.docx,text/*"
          />
          <button type="submit">Read it</button>
        </form>
      </details>
      <details name="add" open={open === "text"}>
        <summary>A text</summary>
        <form {...FORM}>
          <label for="add-title-field">Title</label>
          <input id="add-title-field" name="title" type="text" maxlength={500} dir="auto" />
          <label for="add-text">Text</label>
          <textarea id="add-text" name="text" rows={7} required dir="auto" />
          <button type="submit">Read it</button>
        </form>
      </details>
    </section>
  );
}

/** What became of something that was handed in. */
export function AddMessage(props: { note: AddNote }) {
  const { kind, message } = props.note;
  return (
    <p class={`note note-${kind}`} role={kind === "error" ? "alert" : undefined} dir="auto">
      {message}
    </p>
  );
}
