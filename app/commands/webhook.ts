import type { Command } from "commander";
import type { Database } from "../../db/open.ts";
import { WEBHOOK_EVENTS } from "../../db/schema.ts";
import {
  getWebhook,
  listDeliveries,
  listWebhooks,
  removeWebhook,
  type Webhook,
} from "../../db/webhooks.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { listOf, readKnob } from "../knob.ts";
import { parseId } from "../params.ts";
import { table } from "../table.ts";
import { createWebhook } from "../webhooks/add.ts";
import { tryWebhook } from "../webhooks/trial.ts";

/** How many of the latest messages are shown. */
const SHOWN = 20;

export function register(program: Command): void {
  const webhook = program
    .command("webhook")
    .description("addresses that are told of commits, rejections and forgetting");
  runs(webhook.command("list", { isDefault: true }).description("all of them"), list);
  runs<{ events?: string }>(
    webhook
      .command("add")
      .description("tell an address; prints the secret that messages are signed with")
      .argument("<url>", "where to")
      .option("--events <events>", `some of ${WEBHOOK_EVENTS.join(", ")}; all by default`),
    add,
  );
  runs(
    webhook.command("show").description("what was sent there").argument("<id>", "its number"),
    show,
  );
  runs(
    webhook
      .command("test")
      .description("send it a message now, and say how that ended")
      .argument("<id>", "its number"),
    trial,
  );
  runs(
    webhook.command("remove").description("tell it nothing more").argument("<id>", "its number"),
    remove,
  );
}

async function add(
  context: CommandContext,
  [url = ""]: string[],
  { events }: { events?: string },
): Promise<CommandResult> {
  const { id, secret, ...webhook } = createWebhook(context.instance().db, {
    url,
    ...(events !== undefined && { events: readKnob("--events", events, listOf(WEBHOOK_EVENTS)) }),
  });
  context.note("Messages are signed with this secret:");
  return { data: { id, url: webhook.url, events: webhook.events, secret }, text: secret };
}

async function list(context: CommandContext): Promise<CommandResult> {
  const { db } = context.instance();
  const webhooks = listWebhooks(db).map(({ id, url, events, createdAt }) => {
    const latest = listDeliveries(db, id, 1)[0];
    return {
      id,
      url,
      events,
      createdAt,
      state: latest?.state ?? null,
      error: latest?.error ?? null,
    };
  });
  const text = table(webhooks, [
    { head: "id", right: true, cell: ({ id }) => String(id) },
    { head: "address", max: 60, cell: ({ url }) => url },
    { head: "events", cell: ({ events }) => events.join(", ") },
    { head: "last message", cell: ({ state }) => state ?? "–" },
    { head: "why", max: 60, cell: ({ error }) => error ?? "" },
  ]);
  const none = "There is none: `selkie webhook add <address>` makes one.";
  return { data: { webhooks }, text: webhooks.length > 0 ? text : none };
}

async function show(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const webhook = webhookOf(db, id);
  const sent = listDeliveries(db, webhook.id, SHOWN);
  const text = table(sent, [
    { head: "message", right: true, cell: (it) => String(it.id) },
    { head: "event", cell: ({ body }) => (JSON.parse(body) as { type: string }).type },
    { head: "state", cell: ({ state }) => state },
    { head: "attempts", right: true, cell: ({ attempts }) => String(attempts) },
    { head: "HTTP", right: true, cell: ({ status }) => String(status ?? "–") },
    { head: "why", max: 80, cell: ({ error }) => error ?? "" },
  ]);
  return { data: { deliveries: sent }, text: sent.length > 0 ? text : "Nothing was sent yet." };
}

async function trial(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const instance = context.instance();
  const webhook = webhookOf(instance.db, id);
  const { state, status, error } = await tryWebhook(instance, webhook, context.signal);
  return {
    data: { state, status, error },
    text: error === null ? `${webhook.url} took it (HTTP ${status}).` : "",
    ...(error !== null && { failures: [error] }),
  };
}

async function remove(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const webhook = webhookOf(db, id);
  removeWebhook(db, webhook.id);
  return { data: { removed: webhook.id }, text: `${webhook.url} is told nothing more.` };
}

function webhookOf(db: Database, id: string): Webhook {
  const number = parseId(id);
  const webhook = number === undefined ? undefined : getWebhook(db, number);
  if (webhook) return webhook;
  throw new CommandError(
    "no-webhook",
    `There is no webhook “${id}”: \`selkie webhook\` lists them.`,
  );
}
