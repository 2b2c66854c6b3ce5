/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";
import type { ModelFacts } from "./types.ts";

/** A model's file, with what it takes. */
export interface ModelRow {
  name: string;
  bytes: number;
  parameters?: number;
  /** Bytes of memory for training: the least, and what it takes to be fast. */
  memory?: { least: number; fast: number };
  problem?: string;
  current: boolean;
  chosen: boolean;
  embedded: boolean;
  fits: "well" | "just" | "no" | "unknown";
  hoursPerDay?: number;
  /** Whether it lies in the folder of models, and can be removed. */
  own: boolean;
}

/** A download, going on or ended. */
export interface PullRow {
  uri: string;
  state: "running" | "done" | "failed" | "stopped";
  done: number;
  total: number;
  bytesPerSecond: number;
  message?: string;
  name?: string;
}

export interface ModelsPageFacts {
  models: ModelRow[];
  partial: string[];
  hardware: string;
  /** Whether the environment names the model. */
  named: boolean;
  recommended: { name: string; uri: string };
  suggestions: { name: string; uri: string; needsBytes: number }[];
  pull?: PullRow;
}

const FITS = { well: "fits", just: "fits, only just", no: "too large", unknown: "" };
const GB = 1e9;

/** The base models: what there is, what suits this machine, and how to get it. */
export function ModelsPage(props: { facts: ModelsPageFacts; model: ModelFacts }) {
  const { models, partial, hardware, named, recommended, suggestions, pull } = props.facts;
  return (
    <Layout title="Models · Selkie" model={props.model} here="/models" class="passage">
      <h1>Models</h1>
      <p class="lead">
        Selkie learns on top of one base model. Another one counts from the next start on, and what
        was learned is then learned again on it.
      </p>
      <Pull pull={pull} />
      <section aria-labelledby="here-title">
        <h2 id="here-title">Here</h2>
        {named && (
          <p class="quiet">SELKIE_MODEL names the model: unset it to choose one on this page.</p>
        )}
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Size</th>
                <th scope="col">Memory to learn</th>
                <th scope="col">Hours a day</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {models.map((row) => (
                <Row row={row} free={!named && (!row.current || models.some(isChosen))} />
              ))}
            </tbody>
          </table>
        </div>
        {partial.map((name) => (
          <p class="quiet" dir="auto">
            Not finished: {name}. Pull it again to go on.
          </p>
        ))}
      </section>
      <section aria-labelledby="get-title">
        <h2 id="get-title">Get one</h2>
        <p>
          This machine has {hardware}: <strong>{recommended.name}</strong> suits it.
        </p>
        <form class="source-form" method="post" action="/models/pull">
          <label for="pull-uri">From Hugging Face</label>
          <input
            id="pull-uri"
            name="uri"
            type="text"
            list="models"
            value={recommended.uri}
            required
            pattern="hf:.+"
          />
          <datalist id="models">
            {suggestions.map(({ name, uri, needsBytes }) => (
              <option value={uri}>
                {name}, needs {size(needsBytes)}
              </option>
            ))}
          </datalist>
          <button type="submit">Download</button>
        </form>
      </section>
    </Layout>
  );
}

/** The download; while it goes on, it asks for itself again. */
export function Pull(props: { pull?: PullRow }) {
  const { pull } = props;
  if (!pull) return <div id="pull" />;
  const { uri, state, done, total, bytesPerSecond, message, name } = pull;
  if (state === "running") {
    return (
      <div id="pull" hx-get="/models/pull" hx-trigger="load delay:1s" hx-swap="outerHTML">
        <p class="note note-added" dir="auto">
          Downloading {uri}: {size(done)} of {total > 0 ? size(total) : "…"}
          {bytesPerSecond > 0 && `, ${size(bytesPerSecond)} a second`}
        </p>
        <progress value={done} max={Math.max(1, total)} aria-label="Downloaded" />
        <form method="post" action="/models/pull/stop">
          <button type="submit" class="plain">
            Stop
          </button>
        </form>
      </div>
    );
  }
  const words = {
    done: `Downloaded: ${name ?? uri}.`,
    failed: `${uri} was not downloaded.`,
    stopped: `The download of ${uri} was stopped; pull it again to go on.`,
  };
  return (
    <div id="pull">
      <p class={`note note-${state === "done" && !message ? "added" : "warning"}`} dir="auto">
        {words[state]} {state !== "stopped" && message}
      </p>
    </div>
  );
}

function isChosen({ chosen }: ModelRow): boolean {
  return chosen;
}

/** @param props.free whether it can be chosen: another one is, or will be, the base */
function Row({ row, free }: { row: ModelRow; free: boolean }) {
  const { name, memory, problem, fits, hoursPerDay } = row;
  return (
    <tr>
      <th scope="row" dir="auto">
        {name} {row.current && <span class="mark mark-current">in use</span>}{" "}
        {row.chosen && <span class="mark">from the next start</span>}
        {row.embedded && <span class="quiet"> for the demo</span>}
        {problem && <p class="quiet">{problem}</p>}
      </th>
      <td>
        {size(row.bytes)}
        {row.parameters !== undefined && (
          <span class="quiet"> {(row.parameters / 1e6).toFixed(1)}M parameters</span>
        )}
      </td>
      <td>
        {memory && `${size(memory.least)} to ${size(memory.fast)}`}{" "}
        <span class="quiet">{FITS[fits]}</span>
      </td>
      <td>{hoursPerDay === undefined ? "–" : hoursPerDay.toFixed(1)}</td>
      <td>
        {free && !row.chosen && !problem && (row.own || row.embedded) && (
          <Change name={name} action="use" label="Use" />
        )}
        {!row.current && row.own && <Change name={name} action="remove" label="Remove" />}
      </td>
    </tr>
  );
}

function Change(props: { name: string; action: string; label: string }) {
  return (
    <form method="post" action="/models" class="inline">
      <input type="hidden" name="model" value={props.name} />
      <button type="submit" name="action" value={props.action} class="plain">
        {props.label}
      </button>
    </form>
  );
}

function size(bytes: number): string {
  return bytes >= GB ? `${(bytes / GB).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
