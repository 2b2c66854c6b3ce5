import * as v from "valibot";
import { TeacherError } from "./types.ts";

/** An OpenAI-compatible interface. */
export interface Endpoint {
  /** Up to and with the version: `https://api.openai.com/v1`, `http://localhost:11434/v1`. */
  url: string;
  model: string;
  key?: string;
  /** For one request, its whole answer included. */
  timeoutMs: number;
}

export interface ChatRequest {
  messages: { role: "system" | "user"; content: string }[];
  maxTokens: number;
  temperature: number;
  topP: number;
  seed: number;
}

export interface ChatReply {
  text: string;
  /** As the server counts; none where it does not say. */
  promptTokens?: number;
  completionTokens?: number;
}

/** Longer answers are no answers. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Characters of a server's own words that an error quotes. */
const QUOTE = 200;
/** Some models write their thoughts down first. */
const THOUGHTS = /^\s*<think>[\s\S]*?<\/think>/i;

const count = v.optional(v.nullable(v.number()));
const ReplySchema = v.object({
  choices: v.pipe(
    v.array(v.object({ message: v.object({ content: v.nullish(v.string()) }) })),
    v.minLength(1),
  ),
  usage: v.nullish(v.object({ prompt_tokens: count, completion_tokens: count })),
});
const ProblemSchema = v.object({
  error: v.union([v.string(), v.object({ message: v.string() })]),
});

/**
 * Asks an OpenAI-compatible interface for one completion, once. Plain `fetch`, since the time limit must
 * cover the answer's body, and the body must have a limit, too. The key is in no message.
 * @throws TeacherError; the abort reason when `signal` aborts
 */
export async function chat(
  endpoint: Endpoint,
  request: ChatRequest,
  signal?: AbortSignal,
): Promise<ChatReply> {
  const reply = await post(endpoint, bodyOf(endpoint, request, "max_tokens"), signal);
  // OpenAI's later models know the limit by another name.
  const renamed = reply.status === 400 && reply.text.includes("max_completion_tokens");
  if (!renamed) return read(endpoint, reply);
  const again = bodyOf(endpoint, request, "max_completion_tokens");
  return read(endpoint, await post(endpoint, again, signal));
}

interface RawReply {
  status: number;
  headers: Headers;
  text: string;
}

function bodyOf(
  { model }: Endpoint,
  { messages, maxTokens, temperature, topP, seed }: ChatRequest,
  limit: "max_tokens" | "max_completion_tokens",
): string {
  const sampling = { temperature, top_p: topP, seed, [limit]: maxTokens, stream: false };
  return JSON.stringify({ model, messages, ...sampling });
}

async function post(
  endpoint: Endpoint,
  body: string,
  signal: AbortSignal | undefined,
): Promise<RawReply> {
  const { url, key, timeoutMs } = endpoint;
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}/chat/completions`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        ...(key && { Authorization: `Bearer ${key}` }),
      },
      body,
      // A key follows nobody to another address.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    return {
      status: response.status,
      headers: response.headers,
      text: await readText(endpoint, response),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TeacherError) throw error;
    const where = nameOf(endpoint);
    if (late.aborted) {
      throw new TeacherError("timeout", `${where} did not answer within ${timeoutMs / 1000} s.`);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new TeacherError(
      "unreachable",
      `${where} cannot be reached (${quote(endpoint, reason)}): check its address, and that it runs.`,
    );
  }
}

async function readText(endpoint: Endpoint, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      throw new TeacherError("nonsense", `${nameOf(endpoint)} answered without end.`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function read(endpoint: Endpoint, { status, headers, text }: RawReply): ChatReply {
  const where = nameOf(endpoint);
  const said = quote(endpoint, problemOf(text));
  if (status === 429 || status === 408 || status >= 500) {
    const wait = retryAfter(headers);
    throw new TeacherError("busy", `${where} cannot answer now (status ${status}${said}).`, wait);
  }
  if (status >= 300 && status < 400) {
    throw new TeacherError("refused", `${where} sends elsewhere: give its final address.`);
  }
  if (status >= 400) {
    const hint =
      status === 401 || status === 403 ? "check its key" : "check its address and the model's name";
    throw new TeacherError("refused", `${where} refuses (status ${status}${said}): ${hint}.`);
  }
  const parsed = v.safeParse(ReplySchema, parseJson(text));
  if (!parsed.success) {
    const looks = text.trim() === "" ? "nothing" : quote(endpoint, text.trim());
    throw new TeacherError(
      "nonsense",
      `${where} answered with something else than a completion (${looks}): check that its address is that of an OpenAI-compatible interface.`,
    );
  }
  const { choices, usage } = parsed.output;
  const answer = (choices[0]!.message.content ?? "").replace(THOUGHTS, "").trim();
  if (answer === "") throw new TeacherError("empty", `${where} answered without a word.`);
  return {
    text: answer,
    promptTokens: usage?.prompt_tokens ?? undefined,
    completionTokens: usage?.completion_tokens ?? undefined,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the server itself says is wrong. */
function problemOf(text: string): string {
  const parsed = v.safeParse(ProblemSchema, parseJson(text));
  if (!parsed.success) return "";
  const { error } = parsed.output;
  return `: ${typeof error === "string" ? error : error.message}`;
}

/** A server may repeat the key that it was given. */
function quote({ key }: Endpoint, text: string): string {
  const plain = (key ? text.replaceAll(key, "…") : text).replace(/\s+/g, " ");
  return plain.length > QUOTE ? `${plain.slice(0, QUOTE)}…` : plain;
}

/** Seconds or a date, as HTTP has it. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

/** The teacher as people know it. */
export function nameOf({ url, model }: Pick<Endpoint, "url" | "model">): string {
  return `${model} at ${new URL(url).host}`;
}
