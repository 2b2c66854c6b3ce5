/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** An article of the demo's newspaper. */
export function NewsPage(props: {
  item: { title: string; text: string; publishedAt: number };
  model: ModelFacts;
}) {
  const { title, text, publishedAt } = props.item;
  return (
    <Layout title={`${title} · The Selkie Gazette`} model={props.model} class="passage">
      <article>
        <h1>{title}</h1>
        <p class="quiet">
          The Selkie Gazette, <Time at={publishedAt} />
        </p>
        <p>{text}</p>
      </article>
    </Layout>
  );
}
