import type { Context } from "hono";
import type { GenerationEnd } from "../../agent/generator/types.ts";
import type { Version } from "../../db/versions.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { type complete, usageOf, type Watcher } from "./complete.ts";
import type { Form } from "./form.ts";
import { Answers, sendAnswers } from "./stream.ts";

/** What is to be answered, and how. */
export interface Wanted {
  /** Writes the answers. */
  write(signal: AbortSignal, watcher?: Watcher): ReturnType<typeof complete>;
  /** What the model is called whose version answers. */
  model(version: Version | undefined): string;
  /** How often each prompt is answered. */
  times: number;
  form: Form;
  stream: boolean;
  includeUsage: boolean;
  /** What becomes of an answer's beginning. */
  trim: boolean;
}

/** Answers as a whole, or piece by piece. */
export async function answer(c: Context<SiteEnv>, site: Site, wanted: Wanted): Promise<Response> {
  const { write, model, times, form, trim } = wanted;
  const gone = openStream(c, site);
  const head = { id: form.id(), created: Math.floor(Date.now() / 1000) };
  if (!wanted.stream) {
    const { choices, version } = await write(gone);
    return c.json({
      ...head,
      object: form.object,
      model: model(version),
      choices: choices.map(({ text, end }, i) => form.choice(i, trim ? text.trim() : text, end)),
      usage: usageOf(
        choices.map(({ end }) => end),
        times,
      ),
    });
  }
  const answers = new Answers((watcher) => write(gone, watcher));
  // What cannot be begun is told by the status.
  await answers.begun();
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object: form.chunkObject,
    model: model(answers.version),
    choices,
    ...(wanted.includeUsage && { usage }),
  });
  const ends: GenerationEnd[] = [];
  const begun = new Set<number>();
  const opening = (index: number): object[] => {
    if (begun.has(index)) return [];
    begun.add(index);
    return form.opening ? [chunk([form.opening(index)])] : [];
  };
  const wrote = new Set<number>();
  return sendAnswers(c, answers, site.instance.home.database, (happening) => {
    if ("done" in happening) return wanted.includeUsage ? [chunk([], usageOf(ends, times))] : [];
    const { index } = happening;
    if ("end" in happening) {
      ends[index] = happening.end;
      return [...opening(index), chunk([form.closing(index, happening.end)])];
    }
    const text = trim && !wrote.has(index) ? happening.text.trimStart() : happening.text;
    if (text === "") return opening(index);
    wrote.add(index);
    return [...opening(index), chunk([form.piece(index, text)])];
  });
}
