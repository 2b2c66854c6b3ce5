import type { Repetition, Results } from "./store.ts";

/** A table of a report: rows of cells, the first cell names the row. */
export interface Table {
  title: string;
  note?: string;
  columns: string[];
  rows: string[][];
}

const MODEL_NAMES: Record<string, string> = {
  i: "(i) Qwen2.5-0.5B's shape, random weights",
  ii: "(ii) 30M parameters, random weights",
  iii: "(iii) the embedded model",
};

/** All that was measured, part by part, with the bars that it is held against. */
export function reportTables(results: Results): Table[] {
  return [
    ...machineTable(results),
    ...perModel(results, "speed", speedTable),
    ...perModel(results, "precision", precisionTable),
    ...perModel(results, "update", updateTable),
    ...perModel(results, "recipes", recipesTable),
    ...perModel(results, "matmul", matmulTable),
    ...perModel(results, "memory", memoryTable),
  ];
}

/** The tables as text for a terminal. */
export function tables(results: Results): string {
  const { machine, versions, began, ended, commit } = results;
  const head = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`,
    Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", "),
    `${began} to ${ended}, commit ${commit}`,
  ];
  return [...head, ...reportTables(results).map(textTable)].join("\n");
}

function textTable({ title, note, columns, rows }: Table): string {
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ");
  return ["", title, line(columns), ...rows.map(line), ...(note ? [note] : [])].join("\n");
}

function machineTable({ medians }: Results): Table[] {
  const pytorch = medians["machine/1024/pytorch"];
  const ggml = medians["machine/1024/ggml"];
  if (!pytorch || !ggml) return [];
  const isVoid = (pytorch.f32 as number) < 150 && (ggml.f32 as number) >= 70;
  return [
    {
      title: "Products of 1024 x 1024 matrices, GFLOP/s",
      columns: ["", "f32", "bf16", "q8_0", "q4_K", "other load"],
      rows: [
        ["PyTorch", num(pytorch.f32), num(pytorch.bf16), "", "", load(pytorch)],
        ["ggml", num(ggml.f32), num(ggml.bf16), num(ggml.q8_0), num(ggml.q4_K), load(ggml)],
      ],
      note: isVoid
        ? "PyTorch is below 150 in f32 where ggml reaches 70: THE PEER'S FIGURES ARE VOID."
        : "Comparable: PyTorch reaches 150 in f32, or ggml does not reach 70.",
    },
  ];
}

type Arms = [string, Repetition, Repetition[]][];

function perModel(
  results: Results,
  part: string,
  table: (model: string, arms: Arms) => Table,
): Table[] {
  return Object.keys(MODEL_NAMES).flatMap((model) => {
    const prefix = `${part}/${model}/`;
    const arms = Object.entries(results.medians)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, m]): Arms[number] => [
        key.slice(prefix.length),
        m,
        results.repetitions[key] ?? [],
      ]);
    return arms.length === 0 ? [] : [table(model, arms)];
  });
}

function speedTable(model: string, arms: Arms): Table {
  const rate = (name: string): number | undefined =>
    arms.find(([arm]) => arm === name)?.[1].tokensPerSecond as number | undefined;
  const base = rate("peft-f32");
  return {
    title: `1. Training, tokens per second: ${MODEL_NAMES[model]}`,
    note: "One row per step; -packed: steps of 512 tokens. x: of PEFT f32, one row per step. Range: of all repetitions.",
    columns: [
      "",
      "tokens/s",
      "range",
      "x PEFT f32",
      "x PEFT same",
      "last loss",
      "CPU s",
      "other load",
      "n",
    ],
    rows: arms.map(([arm, m, all]) => {
      const own = m.tokensPerSecond as number;
      const same = rate(arm.replace("ours", "peft"));
      return [
        arm,
        num(own),
        range(all, "tokensPerSecond"),
        base ? (own / base).toFixed(2) : "",
        same && arm.startsWith("ours") ? (own / same).toFixed(2) : "",
        (m.lastEpochLoss as number).toFixed(4),
        num(m.cpuSeconds),
        load(m),
        String(all.length),
      ];
    }),
  };
}

function precisionTable(model: string, arms: Arms): Table {
  const base = arms.find(([arm]) => arm === "ours-f32");
  return {
    title: `1. Held-out answers after SEAL's recipe by precision: ${MODEL_NAMES[model]}`,
    note: "From f32: the mean difference of a lesson's log p per token, with the same seed, and its standard error. Bar: within 0.01 nat.",
    columns: [
      "",
      "log p per token",
      "from f32",
      "± s.e.",
      "log p per answer",
      "exact",
      "questions",
      "seeds",
    ],
    rows: arms.map(([arm, m, all]) => {
      const difference = base && base[0] !== arm ? paired(all, base[2]) : undefined;
      return [
        arm,
        (m.logprobPerToken as number).toFixed(4),
        difference ? signed(difference.mean) : "",
        difference ? difference.error.toFixed(4) : "",
        (m.logprobPerAnswer as number).toFixed(3),
        percent(m.exact),
        String(m.probes),
        String(all.length),
      ];
    }),
  };
}

/** Differences of lessons that were trained with the same seed. */
function paired(
  all: readonly Repetition[],
  base: readonly Repetition[],
): { mean: number; error: number } {
  const differences = all.flatMap((r, seed) => {
    const reference = (base[seed]?.lessonLogprobs ?? []) as number[];
    const own = r.lessonLogprobs as number[];
    return reference.map((x, lesson) => (own[lesson] as number) - x);
  });
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/** The same of the candidates, on the passages on which one of them was chosen. */
function recipesTable(model: string, arms: Arms): Table {
  const title = `2. How our recipe was chosen, on other passages: ${MODEL_NAMES[model]}`;
  return { ...updateTable(model, arms), title };
}

function updateTable(model: string, arms: Arms): Table {
  const [first] = arms;
  const base = arms.find(([arm]) => arm === "peft-published") ?? first;
  return {
    title: `2. Seconds per update and closed-book answers in unseen wordings: ${MODEL_NAMES[model]}`,
    note: `Times faster: than ${base?.[0]}. Medians over repetitions of the mean over updates.`,
    columns: [
      "",
      "s/update",
      "range",
      "times faster",
      "exact",
      "log p per answer",
      "steps",
      "CPU s",
      "other load",
      "n",
    ],
    rows: arms.map(([arm, m, all]) => [
      arm,
      num(m.secondsPerUpdate),
      range(all, "secondsPerUpdate"),
      base
        ? ((base[1].secondsPerUpdate as number) / (m.secondsPerUpdate as number)).toFixed(2)
        : "",
      percent(m.exact),
      (m.logprobPerAnswer as number).toFixed(3),
      num(m.stepsPerUpdate),
      num(m.cpuSecondsPerUpdate),
      load(m),
      String(all.length),
    ]),
  };
}

function matmulTable(model: string, arms: Arms): Table {
  return {
    title: `3. Rate of a step's products over all its time: ${MODEL_NAMES[model]}`,
    note: "Bar: 70% of what ggml reaches for the same sizes by themselves.",
    columns: ["", "share of ggml", "range", "GFLOP/s", "ggml's GFLOP/s", "other load", "n"],
    rows: arms.map(([arm, m, all]) => [
      arm,
      percent(m.share),
      `${percent(Math.min(...series(all, "share")))}..${percent(Math.max(...series(all, "share")))}`,
      num(m.gflops),
      num(m.ggmlGflops),
      load(m),
      String(all.length),
    ]),
  };
}

function memoryTable(model: string, arms: Arms): Table {
  const find = (name: string): Repetition | undefined => arms.find(([arm]) => arm === name)?.[1];
  const base = find("peft-f32");
  return {
    title: `4. Peak memory while training, MiB: ${MODEL_NAMES[model]}`,
    note: "x PEFT: of PEFT at the same precision (f32 where it has none), beyond the weights; second figure without the language's runtime and libraries. Adapter: with its optimizer.",
    columns: [
      "",
      "weights",
      "peak",
      "beyond weights",
      "without runtime",
      "x PEFT",
      "peak/weights",
      "adapter",
      "activations",
    ],
    rows: arms.map(([arm, m]) => {
      const peer = find(arm.includes("bf16") ? "peft-bf16" : "peft-f32") ?? base;
      const share = (name: string): string =>
        peer ? ((m[name] as number) / (peer[name] as number)).toFixed(2) : "";
      return [
        arm,
        mib(m.weights),
        mib(m.peak),
        mib(m.beyondWeights),
        mib(m.beyondWeightsAndRuntime),
        arm.startsWith("ours")
          ? `${share("beyondWeights")} / ${share("beyondWeightsAndRuntime")}`
          : "",
        (((m.peak as number) - (m.baseline as number)) / (m.weights as number)).toFixed(2),
        m.adapter === undefined ? "" : mib(m.adapter),
        m.activations === undefined ? "" : mib(m.activations),
      ];
    }),
  };
}

type Value = Repetition[string] | undefined;

function num(value: Value): string {
  if (typeof value !== "number") return "";
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function percent(value: Value): string {
  return typeof value === "number" ? `${(value * 100).toFixed(1)}%` : "";
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}

function mib(value: Value): string {
  return typeof value === "number" ? (value / 2 ** 20).toFixed(0) : "";
}

/** Cores that were busy or stolen beyond what this process kept busy itself, roughly: shown as measured. */
function load(m: Repetition): string {
  const { busyCores, stolenCores } = m;
  if (typeof busyCores !== "number" || typeof stolenCores !== "number") return "";
  return `${busyCores.toFixed(1)} + ${stolenCores.toFixed(1)}`;
}

function series(all: readonly Repetition[], name: string): number[] {
  return all.map((r) => r[name]).filter((x) => typeof x === "number");
}

function range(all: readonly Repetition[], name: string): string {
  const values = series(all, name);
  return values.length < 2 ? "" : `${num(Math.min(...values))}..${num(Math.max(...values))}`;
}
