import { countRehearsals } from "../db/control.ts";
import { latestGates } from "../db/gates.ts";
import {
  latestMeasurement,
  listBeliefs,
  listMeasurements,
  type Measurement,
  type MemoryFigures,
} from "../db/measurements.ts";
import type { Database } from "../db/open.ts";
import { getPassage } from "../db/passages.ts";
import { listSuperseded } from "../db/probes.ts";
import { countDue } from "../db/retention.ts";
import { getUpdate } from "../db/updates.ts";
import { BASE_VERSION, currentVersion } from "../db/versions.ts";
import type { HistoryCurve } from "../views/charts/history.ts";
import type { GateLine, Measure, MemoryPageFacts } from "../views/memory-types.ts";

/** How much of each list the page shows, and how many points its picture has. */
const SHOWN = { beliefs: 20, gates: 15, superseded: 30, points: 200 };

/** What is measured of the memory, each with the sentence that says what it is. */
const MEASURES: { key: MeasureKey; name: string; form: Measure["form"]; what: string }[] = [
  {
    key: "acc",
    name: "Accuracy now (ACC)",
    form: "share",
    what: "Right closed-book answers about what was learned; every passage counts alike.",
  },
  {
    key: "all",
    name: "Of everything examined",
    form: "share",
    what: "The same over every passage, also those that were known before and those that were not kept.",
  },
  {
    key: "bwt",
    name: "Backward transfer (BWT)",
    form: "difference",
    what: "Change since right after each passage's own update: below zero, later learning has cost something.",
  },
  {
    key: "forgetting",
    name: "Forgetting",
    form: "difference",
    what: "Questions that were right at an earlier look, less those that are right now (after Chaudhry).",
  },
  {
    key: "netGain",
    name: "Net gain",
    form: "difference",
    what: "Change against the untouched base, over every examined passage.",
  },
  {
    key: "fwt",
    name: "Forward transfer (FWT)",
    form: "difference",
    what: "How much better a passage was answered just before its own update than by the untouched base: what others taught about it.",
  },
];

type MeasureKey = "acc" | "all" | "bwt" | "forgetting" | "netGain" | "fwt";

const CONTROL: { key: "fact" | "reading" | "writing"; name: string; what: string }[] = [
  { key: "fact", name: "Known facts", what: "Closed-book questions still answered right." },
  {
    key: "reading",
    name: "Reading",
    what: "Questions about an open passage still answered right.",
  },
  {
    key: "writing",
    name: "Writing",
    what: "Lines of its own edits that it would still write, to the letter. Edits are written without what was learned, so the gate does not count this.",
  },
];

/** The memory as people look at it. */
export function memoryPageFacts(db: Database): MemoryPageFacts {
  const latest = latestMeasurement(db);
  const version = currentVersion(db)?.id ?? BASE_VERSION;
  return {
    ...(latest && { latest: latestFacts(latest) }),
    points: listMeasurements(db, SHOWN.points).length,
    revision: `${latest?.id ?? 0}`,
    beliefs: latest ? listBeliefs(db, latest.versionId, SHOWN.beliefs) : [],
    gates: gateLines(db),
    superseded: listSuperseded(db, SHOWN.superseded).map(({ probe, title, validFrom }) => ({
      question: probe.question,
      answer: probe.answer,
      newAnswer: probe.newAnswer ?? "",
      passageId: probe.passageId,
      title,
      byId: probe.supersededBy ?? 0,
      from: validFrom,
      until: probe.validUntil ?? validFrom,
    })),
    reviews: countDue(db, version),
    rehearsals: countRehearsals(db).reduce((sum, { n }) => sum + n, 0),
  };
}

/** The measures over the versions, for the picture. */
export function memoryHistory(db: Database): HistoryCurve[] {
  const points = listMeasurements(db, SHOWN.points);
  const curve = (key: MeasureKey, label: string, main: boolean): HistoryCurve => ({
    label,
    main,
    values: points.map(({ versionId, figures }) => [versionId, meanOf(figures, key)]),
  });
  return [
    curve("acc", "accuracy", true),
    curve("all", "of everything", false),
    curve("bwt", "backward transfer", true),
    curve("forgetting", "forgetting", false),
    curve("fwt", "forward transfer", false),
  ];
}

function latestFacts({ versionId, createdAt, kind, seconds, figures }: Measurement) {
  const { population, asked, passages, control, halfLife, ages, beliefs } = figures;
  return {
    version: versionId,
    at: createdAt,
    kind,
    seconds,
    population,
    asked,
    passages,
    measures: MEASURES.map(({ key, name, form, what }) => ({
      name,
      form,
      what,
      value: measureOf(figures, key),
    })),
    control: CONTROL.map(({ key, name, what }) => ({
      name,
      form: "share" as const,
      what,
      value: control?.[key] ?? null,
    })),
    perplexity: control?.perplexity ?? null,
    kl: control?.kl ?? null,
    halfLife,
    ages,
    believed: beliefs,
  };
}

function measureOf(figures: MemoryFigures, key: MeasureKey): Measure["value"] {
  if (key !== "fwt") return figures[key];
  const { fwt } = figures;
  return fwt === null ? null : { mean: fwt, low: fwt, high: fwt };
}

function meanOf(figures: MemoryFigures, key: MeasureKey): number | null {
  return measureOf(figures, key)?.mean ?? null;
}

function gateLines(db: Database): GateLine[] {
  return latestGates(db, SHOWN.gates).flatMap((gate): GateLine[] => {
    const update = getUpdate(db, gate.updateId);
    const passage = update && getPassage(db, update.passageId);
    if (!passage) return [];
    const { old, control } = gate.figures;
    return [
      {
        updateId: gate.updateId,
        passageId: passage.id,
        title: passage.title,
        verdict: gate.verdict,
        scale: gate.scale,
        reason: gate.reason,
        ...(old && { oldLoss: old.loss, asked: old.asked }),
        ...(control && { baseLoss: control.loss }),
        at: gate.createdAt,
      },
    ];
  });
}
