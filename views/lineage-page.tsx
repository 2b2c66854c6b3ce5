/** @jsxImportSource hono/jsx */
import { CompareForm } from "./compare.tsx";
import { counted, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import type {
  ChoiceFacts,
  LineageFacts,
  TreeLine,
  TreeNode,
  VersionLine,
} from "./lineage-types.ts";
import { Time } from "./parts.tsx";
import { Refits } from "./refit.tsx";
import type { ModelFacts } from "./types.ts";

const STATE_WORDS: Record<VersionLine["state"], string> = {
  current: "answers now",
  kept: "",
  pruned: "adapter removed",
  broken: "damaged",
  elsewhere: "another base",
};

/** Every version: what made it, what it came from, and the way to it. */
export function LineagePage(props: { lineage: LineageFacts; model: ModelFacts }) {
  const { lineage } = props;
  return (
    <Layout title="Versions · Selkie" model={props.model} here="/versions" class="passage">
      <h1>Versions</h1>
      <p class="lead">
        Every update that helps becomes a version, trained from the one before it. Any of them can
        answer again, exactly as it did; what it does not know counts as unlearned from then on.
      </p>
      {lineage.moved && <Moved {...lineage.moved} />}
      <Sleep lineage={lineage} />
      <Refits refits={lineage.refits} />
      <section aria-labelledby="tree-title">
        <h2 id="tree-title">The tree</h2>
        <Room lineage={lineage} />
        {lineage.versions > 0 && (
          <CompareForm a={lineage.roots[0]?.[1]?.id ?? 0} b={lineage.currentId} />
        )}
        {lineage.roots.map((line) => (
          <Line line={line} />
        ))}
        {lineage.omitted > 0 && (
          <p class="quiet">{counted(lineage.omitted, "earlier version")} before these.</p>
        )}
        <p>
          <a href="/versions/0">The untouched base model</a>
          {lineage.currentId === 0 && <span class="mark mark-current">answers now</span>}
        </p>
      </section>
    </Layout>
  );
}

/** One version, and what it would mean if it answered. */
export function ChoicePage(props: { choice: ChoiceFacts; model: ModelFacts }) {
  const { version, lost, gained } = props.choice;
  const { id, state } = version;
  const name = id === 0 ? "The untouched base model" : `Version ${id}`;
  return (
    <Layout title={`${name} · Selkie`} model={props.model} here="/versions" class="passage">
      <p class="crumbs">
        <a href="/versions">Versions</a>
      </p>
      <h1>{name}</h1>
      {id > 0 && (
        <p class="lead">
          <How version={version} /> <State version={version} />
        </p>
      )}
      {version.why && <p class="note note-error">{version.why}</p>}
      {state === "current" ? (
        <p>It answers now.</p>
      ) : state === "kept" || state === "broken" ? (
        <Switch id={id} lost={lost.length} />
      ) : (
        state === "pruned" && (
          <form method="post" action={`/versions/${id}`}>
            <p>
              Its adapter was removed to save space. It can be made again from the stored study
              lines of what it knew, and answers then: it will know the same passages, not weigh
              them to the bit alike.
            </p>
            <button type="submit" name="action" value="rebuild">
              Make it again
            </button>
          </form>
        )
      )}
      {id > 0 && state !== "elsewhere" && (
        <form method="post" action={`/versions/${id}`}>
          <button
            type="submit"
            name="action"
            value={version.pinned ? "unpin" : "pin"}
            class="plain"
          >
            {version.pinned
              ? "Let its adapter be removed again"
              : "Pin it: never remove its adapter"}
          </button>
        </form>
      )}
      {state !== "current" && (
        <>
          <p>
            <a href={`/versions/compare?a=${id}&b=${props.choice.currentId}`}>
              Compare it with the one that answers now, passage by passage
            </a>
          </p>
          <Passages title="What it does not know, and the present one does" list={lost} />
          <Passages title="What it knows, and the present one does not" list={gained} />
        </>
      )}
    </Layout>
  );
}

function Switch(props: { id: number; lost: number }) {
  return (
    <form method="post" action={`/versions/${props.id}`}>
      {props.lost > 0 && (
        <p>
          <label>
            <input type="checkbox" name="requeue" value="1" /> Queue the{" "}
            {counted(props.lost, "passage")} that it does not know to be learned again
          </label>
        </p>
      )}
      <button type="submit" name="action" value="use">
        Let it answer from now on
      </button>
    </form>
  );
}

function Passages(props: { title: string; list: ChoiceFacts["lost"] }) {
  const { title, list } = props;
  if (list.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul class="lines">
        {list.map(({ id, title }) => (
          <li class="line">
            <a href={`/passages/${id}`} dir="auto">
              {title.trim() || "Untitled"}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Moved(props: { from: string; to: string }) {
  return (
    <form class="note note-warning" method="post" action="/relearn">
      <p>
        What was learned here belongs to {props.from}, and Selkie runs on {props.to} now. It can be
        learned again on this one, from the stored study lines; what belongs to {props.from} stays.
      </p>
      <button type="submit">Learn everything again on {props.to}</button>
    </form>
  );
}

function Sleep(props: { lineage: LineageFacts }) {
  const { versions, days, afterVersions, afterDays } = props.lineage.sleep;
  const when = [
    afterVersions > 0 && `after ${counted(afterVersions, "version")}`,
    afterDays > 0 && `after ${counted(afterDays, "day")}`,
  ].filter(Boolean);
  return (
    <section aria-labelledby="sleep-title">
      <h2 id="sleep-title">Sleep</h2>
      <p>
        A long line of adapters drifts. Asleep, Selkie fits one adapter from the untouched base on
        the study lines of everything that it knows; it takes over if the gate finds that nothing
        much is lost. {counted(versions, "version")} came since the last sleep
        {days >= 1 && `, ${counted(Math.floor(days), "day")} ago`}.{" "}
        {when.length > 0
          ? `It begins by itself ${when.join(" or ")}.`
          : "It begins only when it is asked for."}
      </p>
      <form method="post" action="/sleep">
        <button type="submit">Sleep now</button>
      </form>
    </section>
  );
}

function Room(props: { lineage: LineageFacts }) {
  const { used, needed, budget } = props.lineage.room;
  return (
    <p class={budget > 0 && used > budget ? "note note-warning" : "quiet"}>
      {counted(props.lineage.versions, "version")}; the adapters take {megabytes(used)}
      {budget > 0 && ` of at most ${megabytes(budget)}`}, {megabytes(needed)} of which always stay.
      Older ones are removed when they take more; their study lines never are.
    </p>
  );
}

function Line(props: { line: TreeLine }) {
  return (
    <ol class="lineage">
      {props.line.map((node) => (
        <Node node={node} />
      ))}
    </ol>
  );
}

function Node(props: { node: TreeNode }) {
  const { node } = props;
  const usable = node.state === "current" || node.state === "kept";
  return (
    <li class={usable ? "update update-commit" : "update"}>
      <div class="update-head">
        <a class="update-name" href={`/versions/${node.id}`}>
          Version {node.id}
        </a>
        <State version={node} />
        {node.pinned && <span class="verdict">pinned</span>}
      </div>
      <p class="update-title">
        <How version={node} />
      </p>
      <p class="quiet update-when">
        <Time at={node.at} />
        {node.bytes !== undefined && `, ${megabytes(node.bytes)}`}
      </p>
      {node.branches.map((line) => (
        <Line line={line} />
      ))}
    </li>
  );
}

function How(props: { version: VersionLine }) {
  const { how, passageId, refitId } = props.version;
  const href = passageId ? `/passages/${passageId}` : refitId ? `/refits/${refitId}` : undefined;
  return href ? (
    <a href={href} dir="auto">
      {how}
    </a>
  ) : (
    <span dir="auto">{how}</span>
  );
}

function State(props: { version: VersionLine }) {
  const { state, why } = props.version;
  const words = STATE_WORDS[state];
  if (words === "") return null;
  return (
    <span
      class={
        state === "current" ? "mark mark-current" : state === "broken" ? "mark mark-failed" : "mark"
      }
      title={why}
    >
      {words}
    </span>
  );
}

function megabytes(bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : whole(Math.round(mb))} MB`;
}
