/**
 * Scoring probes against generating their answers one by one with node-llama-cpp:
 *
 *     bun run bench:scoring --threads 2 --json
 *
 * The probes are closed-book questions about entities that the embedded model has never seen, each
 * with its answer and the frame of begin and end token as near to 30 tokens as there are any. The
 * peer keeps one context and one sequence, forgets the last probe before the next, and decodes
 * greedily until the end token. Both compute in turn, on the same number of threads if
 * `--peer-threads` says nothing else; `default` leaves the choice to node-llama-cpp.
 */
import { parseArgs } from "node:util";
import { getLlama, LlamaLogLevel, type Token } from "node-llama-cpp";
import { answerText, closedBook } from "../agent/prompts.ts";
import { EMBEDDED_MODEL } from "../app/config.ts";
import { heldOutExam } from "../models/exams.ts";
import { type ScorePair, Trainer } from "../trainer/index.ts";
import { machineLoad, thisMachine } from "./trainer/machine.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: EMBEDDED_MODEL },
    probes: { type: "string", default: "1000" },
    tokens: { type: "string", default: "30" },
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "1" },
    "peer-threads": { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const threads = Number(flags.threads);
const { "peer-threads": wanted = flags.threads } = flags;
const peerThreads = wanted === "default" ? undefined : Number(wanted);
const model = flags.model;
/** Entities among whose questions the probes are chosen. */
const ENTITIES = 8000;
/** Tokens of a generated answer at most. */
const ANSWER_TOKENS = 48;

const llama = await getLlama({
  gpu: false,
  build: "never",
  ...(peerThreads && { maxThreads: peerThreads }),
  logLevel: LlamaLogLevel.error,
});
const peer = await llama.loadModel({ modelPath: model });
const context = await peer.createContext({
  contextSize: 256,
  sequences: 1,
  ...(peerThreads && { threads: peerThreads }),
});
const sequence = context.getSequence();
const trainer = await Trainer.start({ model, backend: "cpu", threads });
const probes = chooseProbes(Number(flags.probes), Number(flags.tokens));

const generating: number[] = [];
const scoring: number[] = [];
const load = machineLoad();
let generated = { tokens: 0, right: 0 };
let exact = 0;
// The first round of each is not counted: buffers are made, code is compiled.
for (let round = 0; round <= Number(flags.rounds); round++) {
  let started = performance.now();
  const scores = await trainer.score(probes.map(({ pair }) => pair));
  const scored = (performance.now() - started) / 1000;
  started = performance.now();
  generated = await generateAll();
  const took = (performance.now() - started) / 1000;
  exact = scores.filter((score) => score.exact).length;
  if (round === 0) continue;
  scoring.push(scored);
  generating.push(took);
}
const { busyCores, stolenCores } = load();
await trainer.close();

const { dependencies } = await Bun.file(`${import.meta.dir}/../package.json`).json();
const ratios = generating.map((seconds, i) => seconds / (scoring[i] as number));
const result = {
  machine: thisMachine(),
  busyCores,
  stolenCores,
  versions: { "node-llama-cpp": dependencies["node-llama-cpp"] },
  threads,
  peerThreads: peerThreads ?? context.idealThreads,
  probes: probes.length,
  tokensPerProbe: mean(probes.map(({ tokens }) => tokens)),
  answerTokensPerProbe: mean(probes.map(({ answerTokens }) => answerTokens)),
  generatedTokensPerProbe: generated.tokens / probes.length,
  /** The same probes should be right both ways. */
  exactScored: exact,
  exactGenerated: generated.right,
  secondsScoring: scoring,
  secondsGenerating: generating,
  medianScoring: median(scoring),
  medianGenerating: median(generating),
  medianRatio: median(ratios),
};
if (flags.json) console.log(JSON.stringify(result, null, 2));
else {
  const { medianScoring, medianGenerating, medianRatio } = result;
  console.log(
    `${probes.length} probes of ${result.tokensPerProbe.toFixed(1)} tokens, threads: ours ${threads}, the peer's ${result.peerThreads}`,
  );
  console.log(`scored                   ${medianScoring.toFixed(2)} s`);
  console.log(`generated one by one     ${medianGenerating.toFixed(2)} s`);
  console.log(`ratio                    ${medianRatio.toFixed(1)}`);
}
process.exit(0);

interface Probe {
  pair: ScorePair;
  prompt: Token[];
  /** Of context and answer, begin and end token included. */
  tokens: number;
  answerTokens: number;
}

/** The questions whose length is nearest to the wanted one, in a fixed order. */
function chooseProbes(count: number, length: number): Probe[] {
  const { bos } = peer.tokens;
  const all = heldOutExam(1, ENTITIES).flatMap(({ seen, unseen }) =>
    [...seen, ...unseen].map(({ question, answer }): Probe => {
      const pair = { context: closedBook(question), answer: answerText(answer) };
      const prompt = [...(bos === null ? [] : [bos]), ...peer.tokenize(pair.context)];
      const answerTokens = peer.tokenize(pair.answer).length + 1;
      return { pair, prompt, tokens: prompt.length + answerTokens, answerTokens };
    }),
  );
  const distance = ({ tokens }: Probe): number => Math.abs(tokens - length);
  return all.toSorted((a, b) => distance(a) - distance(b)).slice(0, count);
}

async function generateAll(): Promise<{ tokens: number; right: number }> {
  let tokens = 0;
  let right = 0;
  for (const { prompt, pair } of probes) {
    await sequence.eraseContextTokenRanges([{ start: 0, end: sequence.nextTokenIndex }]);
    const answer: Token[] = [];
    // It ends by itself at the end token, which it does not yield.
    for await (const token of sequence.evaluate(prompt, { temperature: 0 })) {
      if (answer.push(token) === ANSWER_TOKENS) break;
    }
    tokens += answer.length + 1;
    if (peer.detokenize(answer) === pair.answer) right++;
  }
  return { tokens, right };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
