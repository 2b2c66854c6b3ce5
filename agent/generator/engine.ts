import { existsSync, statSync } from "node:fs";
import {
  InsufficientMemoryError,
  type Llama,
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import { systemFree } from "../../trainer/devices/memory.ts";
import { chooseThreads } from "../../trainer/process/threads.ts";
import { mean } from "../decide.ts";
import { Detokenizer } from "./detokenizer.ts";
import { loadModel, openLlama, reasonOf } from "./llama.ts";
import type { ChildOptions } from "./protocol.ts";
import { StopFilter } from "./stop.ts";
import {
  type Embeddings,
  type GenerateRequest,
  type GenerationEnd,
  GeneratorError,
} from "./types.ts";

/** Sequences that one context decodes side by side. */
const MAX_SEQUENCES = 8;
/** KV cells of one context over all its sequences; bounds its memory. */
const MAX_CELLS = 16_384;
/** Context lengths are rounded up to this, so that a cached context fits the next request too. */
const CELL_STEP = 256;
/** Contexts kept for reuse, one adapter each. */
const MAX_CONTEXTS = 2;
/** llama.cpp frees an adapter only with its model, so the model is reloaded after this many. */
const MAX_ADAPTERS = 24;
/** What a model may put before and after a text that it embeds, in tokens. */
const SPECIAL_TOKENS = 2;
/** What the grammar of a schema has behind the JSON, since a model may not know where to end. */
const JSON_END = "\n\n\n\n";

interface CachedContext {
  context: LlamaContext;
  sequences: LlamaContextSequence[];
  cells: number;
}

interface Prepared {
  index: number;
  request: GenerateRequest;
  tokens: Token[];
  maxTokens: number;
}

/** What a completion tells while it goes on. */
interface Hooks {
  onText: (index: number, text: string) => void;
  onEnd: (index: number, end: GenerationEnd) => void;
  /** Asked before each token; throws to end the work. */
  checkStop: () => void;
}

/** llama.cpp behind a queue of one: loads a model, completes prompts in batches. Child process only. */
export class Engine {
  private readonly contexts = new Map<string, CachedContext>();
  private readonly adapters = new Set<string>();
  /** By their schemas. */
  private readonly grammars = new Map<string, LlamaGrammar>();

  private constructor(
    private readonly llama: Llama,
    private model: LlamaModel,
    private readonly path: string,
    private readonly complaints: string[],
    private readonly threads: number,
  ) {}

  static async load(options: ChildOptions): Promise<Engine> {
    const complaints: string[] = [];
    const llama = await openLlama(options.backend, complaints);
    if (llama.gpu === false) checkMemory(options);
    const model = await loadModel(llama, options.model, complaints);
    return new Engine(llama, model, options.model, complaints, chooseThreads(model.size));
  }

  /** Completes every request; those of one adapter are decoded together. */
  async generate(requests: GenerateRequest[], hooks: Hooks): Promise<string[]> {
    const texts = requests.map(() => "");
    for (const adapter of new Set(requests.map((request) => request.adapter ?? ""))) {
      const jobs = requests
        .map((request, index) => this.prepare(request, index))
        .filter(({ request }) => (request.adapter ?? "") === adapter);
      const { sequences } = await this.contextFor(adapter, jobs);
      const queue = [...jobs];
      await settleAll(
        sequences.slice(0, jobs.length).map(async (sequence) => {
          for (let job = queue.shift(); job; job = queue.shift()) {
            texts[job.index] = await this.complete(sequence, job, hooks);
          }
        }),
      );
    }
    return texts;
  }

  /** Vectors of texts, one after another, by the untouched base. */
  async embed(texts: string[], checkStop: () => void): Promise<Embeddings> {
    if (!makesEmbeddings(this.model)) {
      throw new GeneratorError(
        "no-embeddings",
        `The model ${this.path} was not made for embeddings: its file names no way of pooling. Ask a model that was.`,
      );
    }
    const limit = this.model.trainContextSize;
    const lengths = texts.map((text) => this.model.tokenize(text).length + SPECIAL_TOKENS);
    const longest = Math.max(...lengths);
    if (longest > limit) {
      throw new GeneratorError(
        "prompt-too-long",
        `The longest text has some ${longest} tokens and the model reads ${limit}: shorten it.`,
      );
    }
    const context = await this.model.createEmbeddingContext({
      contextSize: longest + 1,
      batchSize: longest + 1,
      threads: this.threads,
    });
    try {
      const vectors: number[][] = [];
      for (const text of texts) {
        checkStop();
        vectors.push(unit((await context.getEmbeddingFor(text)).vector));
      }
      return { vectors, tokens: lengths.reduce((sum, n) => sum + n - SPECIAL_TOKENS, 0) };
    } finally {
      await context.dispose();
    }
  }

  private prepare(request: GenerateRequest, index: number): Prepared {
    const { bos, shouldPrependBosToken } = this.model.tokens;
    const tokens = this.model.tokenize(request.prompt);
    if (bos !== null && shouldPrependBosToken) tokens.unshift(bos);
    const room = this.model.trainContextSize - tokens.length;
    if (tokens.length === 0) throw new GeneratorError("internal", "The prompt is empty.");
    if (room < 1) {
      throw new GeneratorError(
        "prompt-too-long",
        `The prompt has ${tokens.length} tokens and the model reads ${this.model.trainContextSize}: shorten it, or use a model with a longer context.`,
      );
    }
    return { index, request, tokens, maxTokens: Math.min(request.maxTokens, room) };
  }

  private async complete(
    sequence: LlamaContextSequence,
    { index, request, tokens, maxTokens }: Prepared,
    { onText, onEnd, checkStop }: Hooks,
  ): Promise<string> {
    checkStop();
    // What the sequence read last is kept as far as it agrees (questions about one passage), but the
    // last token is always read again: its logits are needed.
    await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
    const { schema, stop = [] } = request;
    const filter = new StopFilter(schema ? [...stop, JSON_END] : stop);
    const grammar = schema && (await this.grammarOf(schema));
    const reader = new Detokenizer(this.model, tokens);
    let text = "";
    const show = (piece: string) => {
      if (piece === "") return;
      text += piece;
      onText(index, piece);
    };
    let count = 0;
    const logprobs: number[] = [];
    const options = {
      temperature: request.temperature,
      topP: request.topP,
      seed: request.seed,
      ...(grammar && {
        grammarEvaluationState: new LlamaGrammarEvaluationState({ model: this.model, grammar }),
      }),
    };
    const wanted = { confidence: request.likelihood === true };
    for await (const { token, confidence } of sequence.evaluateWithMetadata(
      tokens.slice(sequence.nextTokenIndex),
      wanted,
      options,
    ) as AsyncGenerator<{ token: Token; confidence?: number }>) {
      checkStop();
      show(filter.push(reader.push(token)));
      count += 1;
      if (confidence !== undefined && !filter.stopped) logprobs.push(Math.log(confidence));
      if (filter.stopped || count >= maxTokens) break;
    }
    show(filter.push(reader.end()));
    show(filter.end());
    const reason = !filter.stopped && count >= maxTokens ? "length" : "stop";
    const logprob = logprobs.length > 0 && { logprob: mean(logprobs) };
    onEnd(index, { reason, promptTokens: tokens.length, tokens: count, ...logprob });
    return text;
  }

  private async grammarOf(schema: object): Promise<LlamaGrammar> {
    const key = JSON.stringify(schema);
    const grammar =
      this.grammars.get(key) ??
      (await this.llama.createGrammarForJsonSchema(schema as { type: "object" }));
    this.grammars.set(key, grammar);
    return grammar;
  }

  private async contextFor(adapter: string, jobs: Prepared[]): Promise<CachedContext> {
    const need = Math.max(...jobs.map((job) => job.tokens.length + job.maxTokens));
    const limit = Math.ceil(this.model.trainContextSize / CELL_STEP) * CELL_STEP;
    const cells = Math.min(Math.ceil(need / CELL_STEP) * CELL_STEP, limit);
    const sequences = Math.max(
      1,
      Math.min(MAX_SEQUENCES, Math.floor(MAX_CELLS / cells), jobs.length),
    );
    const cached = this.contexts.get(adapter);
    if (cached && cached.cells >= cells && cached.sequences.length >= sequences) {
      this.contexts.delete(adapter);
      this.contexts.set(adapter, cached);
      return cached;
    }
    if (cached) await this.dropContext(adapter);
    while (this.contexts.size >= MAX_CONTEXTS) {
      await this.dropContext(this.contexts.keys().next().value as string);
    }
    await this.makeRoomForAdapter(adapter);
    const made = await this.createContext(adapter, cells, sequences);
    this.contexts.set(adapter, made);
    return made;
  }

  /** Where memory is short, fewer sequences will do. */
  private async createContext(
    adapter: string,
    cells: number,
    count: number,
  ): Promise<CachedContext> {
    this.complaints.length = 0;
    try {
      const context = await this.model.createContext({
        contextSize: cells,
        sequences: count,
        threads: this.threads,
        ...(adapter === "" ? {} : { lora: adapter }),
      });
      const sequences = Array.from({ length: count }, () => context.getSequence());
      return { context, sequences, cells };
    } catch (error) {
      if (error instanceof InsufficientMemoryError && count > 1) {
        return this.createContext(adapter, cells, Math.floor(count / 2));
      }
      const reason = reasonOf(error, this.complaints);
      throw adapter === "" || error instanceof InsufficientMemoryError
        ? new GeneratorError("internal", `The model could not be set up for text: ${reason}.`)
        : new GeneratorError(
            "adapter-unreadable",
            `Cannot apply the adapter ${adapter}: ${reason}.`,
          );
    }
  }

  private async makeRoomForAdapter(adapter: string): Promise<void> {
    if (adapter === "" || this.adapters.has(adapter)) return;
    if (this.adapters.size >= MAX_ADAPTERS) {
      for (const key of [...this.contexts.keys()]) await this.dropContext(key);
      await this.model.dispose();
      this.model = await loadModel(this.llama, this.path, this.complaints);
      this.adapters.clear();
    }
    this.adapters.add(adapter);
  }

  private async dropContext(adapter: string): Promise<void> {
    const cached = this.contexts.get(adapter);
    this.contexts.delete(adapter);
    await cached?.context.dispose();
  }
}

/** A model that was made for embeddings says how the vectors of a text's tokens become one. */
function makesEmbeddings(model: LlamaModel): boolean {
  const { metadata } = model.fileInfo;
  const own = metadata[metadata.general.architecture] as { pooling_type?: number } | undefined;
  return (own?.pooling_type ?? 0) > 0;
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/**
 * On a GPU llama.cpp puts as much of a model into its memory as fits, and the rest into the machine's;
 * what does not fit there, the system would swap or kill.
 */
function checkMemory({ model, memoryLimit }: ChildOptions): void {
  const bytes = existsSync(model) ? statSync(model).size : 0;
  const free = systemFree(memoryLimit);
  if (bytes <= free) return;
  throw new GeneratorError(
    "not-enough-memory",
    `The model ${model} needs ${megabytes(bytes)} of memory to write text, and this machine has ${megabytes(free)} free. Close other programs, or choose a smaller model.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** Waits for every worker before it fails with the first error, so that none is left decoding. */
async function settleAll(workers: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(workers);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
