/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";

/** What went wrong and what to do, each in a sentence. */
export interface ErrorFacts {
  status: number;
  title: string;
  message: string;
}

/** A refusal or a failure as a page of its own. */
export function ErrorPage(props: { error: ErrorFacts }) {
  const { status, title, message } = props.error;
  return (
    <Layout title={`${title} · Selkie`} class="error-page">
      <p class="error-status quiet">{status}</p>
      <h1>{title}</h1>
      <p class="lead">{message}</p>
      <p>
        <a href="/">Back to the overview</a>
      </p>
    </Layout>
  );
}

/** The same in a place of the page that asked. */
export function ErrorFragment(props: { error: ErrorFacts }) {
  return (
    <p class="note note-error" role="alert" dir="auto">
      {props.error.message}
    </p>
  );
}
