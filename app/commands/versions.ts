import type { Command } from "commander";
import { pruneVersions } from "../../agent/lineage/prune.ts";
import { goTo, versionName } from "../../agent/lineage/switch.ts";
import { requestRebuild } from "../../agent/refit/request.ts";
import { checkVersion } from "../../agent/versions.ts";
import { BASE_VERSION, getVersion, pinVersion } from "../../db/versions.ts";
import type {
  ComparedScore,
  LineageFacts,
  TreeLine,
  VersionLine,
} from "../../views/lineage-types.ts";
import { compareFacts } from "../facts-compare.ts";
import { choiceFacts, lineageFacts } from "../facts-lineage.ts";
import { followRefit } from "../follow-refit.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { parseId } from "../params.ts";
import { loadSettings } from "../settings.ts";
import { decimal, percent, table } from "../table.ts";

/** Passages that are named one by one. */
const MOST_NAMED = 20;

export function register(program: Command): void {
  const versions = program
    .command("versions")
    .description("the tree of versions: go back and forward, pin, make room");
  runs(
    versions.command("list", { isDefault: true }).description("every version, the latest first"),
    list,
  );
  runs(
    versions
      .command("show")
      .description("what it would mean if a version answered")
      .argument("<version>", "its number, or base"),
    show,
  );
  runs<{ page: string }>(
    versions
      .command("compare")
      .description("what two versions know, passage by passage")
      .argument("<version>", "its number, or base")
      .argument("<other>", "the other's number, or base")
      .option("--page <number>", "which fifty passages; first those that only one knows", "1"),
    compare,
  );
  runs<{ requeue?: boolean }>(
    versions
      .command("use")
      .description("let a version answer from now on: back, forward, or over to another branch")
      .argument("<version>", "its number, or base")
      .option("--requeue", "learn again what it does not know"),
    use,
  );
  for (const [name, pinned] of [
    ["pin", true],
    ["unpin", false],
  ] as const) {
    runs(
      versions
        .command(name)
        .description(pinned ? "never remove a version's adapter" : "let it be removed again")
        .argument("<version>", "its number"),
      async (context, [which = ""]) => {
        const id = versionOf(context, which);
        if (id === BASE_VERSION) {
          throw new CommandError("no-version", "The untouched base is never removed.");
        }
        pinVersion(context.instance().db, id, pinned);
        return { data: { version: id, pinned }, text: `Version ${id} is ${name}ned.` };
      },
    );
  }
  runs(
    versions
      .command("prune")
      .description("remove old adapters until all fit into SELKIE_ADAPTERS_MB"),
    prune,
  );
  runs<{ wait?: boolean }>(
    versions
      .command("rebuild")
      .description("make a version again, from study lines, whose adapter was removed")
      .argument("<version>", "its number")
      .option("--wait", "return when it answers"),
    rebuild,
  );
}

async function list(context: CommandContext): Promise<CommandResult> {
  const instance = context.instance();
  const data = await lineageFacts(instance, loadSettings(instance.db));
  return { data, text: words(data) };
}

async function show(context: CommandContext, [which = ""]: string[]): Promise<CommandResult> {
  const id = versionOf(context, which);
  const data = choiceFacts(context.instance(), id)!;
  const part = (head: string, list: { title: string }[]) =>
    list.length === 0 ? [] : [`${head}:\n${named(list)}`];
  const text = [
    `${versionName(id)}: ${data.version.how}, ${data.version.state}`,
    ...part("It does not know, and the present one does", data.lost),
    ...part("It knows, and the present one does not", data.gained),
  ];
  return { data, text: text.join("\n\n") };
}

async function compare(
  context: CommandContext,
  [one = "", other = ""]: string[],
  { page }: { page: string },
): Promise<CommandResult> {
  const [a, b] = [versionOf(context, one), versionOf(context, other)];
  const data = compareFacts(context.instance().db, a, b, parseId(page) ?? 0);
  if (!data) throw new CommandError("no-page", `There is no page “${page}” of this comparison.`);
  const score = (it: ComparedScore | undefined) =>
    it ? `${percent(it.accuracy)} ${decimal(it.logprob)}` : "not asked";
  const lines = table(data.lines, [
    { head: "id", right: true, cell: ({ id }) => String(id) },
    { head: "passage", max: 50, cell: ({ title }) => title },
    {
      head: "known to",
      cell: ({ knownToA, knownToB }) =>
        knownToA && knownToB ? "both" : versionName(knownToA ? a : b),
    },
    { head: versionName(a), cell: (it) => score(it.a) },
    { head: versionName(b), cell: (it) => score(it.b) },
  ]);
  const { onlyA, onlyB, both, pages } = data;
  const counts = `Only ${versionName(a)}: ${onlyA}; only ${versionName(b)}: ${onlyB}; both: ${both}.`;
  const more = pages > 1 ? `\nPage ${data.page} of ${pages}.` : "";
  return { data, text: `${counts}${data.lines.length > 0 ? `\n${lines}` : ""}${more}` };
}

async function use(
  context: CommandContext,
  [which = ""]: string[],
  { requeue = false }: { requeue?: boolean },
): Promise<CommandResult> {
  const id = versionOf(context, which);
  const { db, home } = context.instance();
  if (id !== BASE_VERSION && !(await checkVersion(db, home, id))) {
    throw new CommandError(
      "no-adapter",
      `The adapter of version ${id} is not there, or damaged: \`selkie versions rebuild ${id}\` makes it again.`,
    );
  }
  const { lost, gained } = goTo(db, id, requeue);
  const titles = (list: { id: number; title: string }[]) =>
    list.map(({ id, title }) => ({ id, title }));
  const lines = [
    `From now on ${versionName(id)} answers.`,
    lost.length > 0 &&
      `Unlearned${requeue ? ", and queued to be learned again" : ""}:\n${named(lost)}`,
    gained.length > 0 && `Known again:\n${named(gained)}`,
  ];
  return {
    data: { version: id, lost: titles(lost), gained: titles(gained), requeued: requeue },
    text: lines.filter(Boolean).join("\n"),
  };
}

async function prune(context: CommandContext): Promise<CommandResult> {
  const { db, home } = context.instance();
  const { adaptersMb } = loadSettings(db);
  const { removed, used, needed } = pruneVersions(db, home, adaptersMb);
  const limit = adaptersMb > 0 ? `of at most ${adaptersMb} MB` : "without a limit";
  const text = `${removed.length === 0 ? "No adapter was removed" : `Removed the adapters of version ${removed.join(", ")}`}; the others take ${mb(used)} MB ${limit}, ${mb(needed)} MB of which always stay.`;
  return { data: { removed, used, needed, budget: adaptersMb * 1e6 }, text };
}

async function rebuild(
  context: CommandContext,
  [which = ""]: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  const id = versionOf(context, which);
  if (id === BASE_VERSION) {
    throw new CommandError("no-version", "The untouched base needs no adapter: use it.");
  }
  return followRefit(context, requestRebuild(context.instance().db, id), wait);
}

/** @throws CommandError */
function versionOf(context: CommandContext, text: string): number {
  if (text === "base") return BASE_VERSION;
  const id = parseId(text);
  if (id !== undefined && getVersion(context.instance().db, id)) return id;
  throw new CommandError(
    "no-version",
    `There is no version “${text}”: give base, or a number that \`selkie versions\` lists.`,
  );
}

function words({ currentId, roots, room, versions, omitted }: LineageFacts): string {
  if (versions === 0) return "There is no version yet: the untouched base answers.";
  const flat = (line: TreeLine): VersionLine[] =>
    line.flatMap(({ branches, ...version }) => [version, ...branches.flatMap(flat)]);
  const rows = roots.flatMap(flat).sort((a, b) => b.id - a.id);
  const lines = table(rows, [
    { head: "version", cell: ({ id }) => String(id), right: true },
    {
      head: "from",
      cell: ({ parentId }) => (parentId === 0 ? "base" : String(parentId)),
      right: true,
    },
    { head: "what", cell: ({ how }) => how, max: 44 },
    { head: "", cell: ({ state, pinned }) => `${state}${pinned ? ", pinned" : ""}` },
    { head: "MB", cell: ({ bytes }) => (bytes === undefined ? "–" : mb(bytes)), right: true },
  ]);
  const budget = room.budget > 0 ? ` of at most ${mb(room.budget)}` : "";
  return [
    lines,
    omitted > 0 ? `${omitted} earlier versions are left out.` : "",
    `${versionName(currentId)} answers. The adapters take ${mb(room.used)} MB${budget}.`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function named(list: readonly { title: string }[]): string {
  const shown = list.slice(0, MOST_NAMED).map(({ title }) => `  ${title.trim() || "Untitled"}`);
  const rest = list.length - shown.length;
  return [...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join("\n");
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
