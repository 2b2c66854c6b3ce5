/** @jsxImportSource hono/jsx */
import { AddSection } from "./add.tsx";
import { AskSection } from "./ask.tsx";
import { Layout } from "./layout.tsx";
import { LogSection } from "./log.tsx";
import { MemorySection } from "./memory.tsx";
import { DemoNotice } from "./notice.tsx";
import { NowSection } from "./now.tsx";
import { PassagesSection } from "./passages.tsx";
import { StartHint } from "./start.tsx";
import type {
  AddNote,
  Lineage,
  LogLine,
  MemoryFacts,
  ModelAdvice,
  ModelFacts,
  NowFacts,
  PassageList,
} from "./types.ts";
import { VersionsSection } from "./versions.tsx";

/** What the refreshed parts of the overview show. */
export interface HomeFacts {
  model: ModelFacts;
  now: NowFacts;
  passages: PassageList;
  memory: MemoryFacts;
  lineage: Lineage;
  log: LogLine[];
  /** Set when the embedded model has been given a real document. */
  advice?: ModelAdvice;
}

/** The parts that refreshes replace, by their ids. */
export const HOME_PARTS = {
  start: (facts: HomeFacts) => (
    <StartHint
      fresh={facts.passages.documents === 0 && facts.now.queued + facts.now.running === 0}
      embedded={facts.model.embedded}
    />
  ),
  notice: (facts: HomeFacts) => <DemoNotice advice={facts.advice} />,
  now: (facts: HomeFacts) => <NowSection now={facts.now} />,
  passages: (facts: HomeFacts) => <PassagesSection list={facts.passages} />,
  memory: (facts: HomeFacts) => <MemorySection memory={facts.memory} />,
  versions: (facts: HomeFacts) => <VersionsSection lineage={facts.lineage} />,
  log: (facts: HomeFacts) => <LogSection lines={facts.log} />,
};

export type HomePart = keyof typeof HOME_PARTS;

/** The overview. */
export function HomePage(props: {
  facts: HomeFacts;
  stream: string;
  maxBytes: number;
  note?: AddNote;
}) {
  const { facts } = props;
  return (
    <Layout title="Selkie" model={facts.model} stream={props.stream} class="home">
      {HOME_PARTS.start(facts)}
      {HOME_PARTS.notice(facts)}
      <div class="columns">
        <div class="column-main">
          {HOME_PARTS.now(facts)}
          {HOME_PARTS.passages(facts)}
          {HOME_PARTS.memory(facts)}
        </div>
        <div class="column-side">
          <AddSection note={props.note} maxBytes={props.maxBytes} />
          <AskSection />
          {HOME_PARTS.versions(facts)}
          {HOME_PARTS.log(facts)}
        </div>
      </div>
    </Layout>
  );
}

/** One or several refreshed parts as a message that puts each in its place. */
export function HomeParts(props: { facts: HomeFacts; parts: HomePart[] }) {
  return (
    <>
      {props.parts.map((part) => (
        <hx-partial hx-target={`#${part}`} hx-swap="outerMorph">
          {HOME_PARTS[part](props.facts)}
        </hx-partial>
      ))}
    </>
  );
}
