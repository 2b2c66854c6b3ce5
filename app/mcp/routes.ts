import { getLogger } from "@logtape/logtape";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from "@modelcontextprotocol/sdk/types.js";
import type { Context, Hono } from "hono";
import { version } from "../../package.json";
import { requireScope } from "../access.ts";
import { explainError } from "../errors.tsx";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { TOOLS, ToolError } from "./tools.ts";

const logger = getLogger(["selkie", "mcp"]);

/**
 * The Model Context Protocol over HTTP: search what was read, ask the weights, hand in a document. Every
 * request stands for itself; there are no sessions to lose.
 */
export function mcpRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.all("/mcp", async (c) => {
    // Whoever holds no key at all is told so before anything is read; a tool needs its own scope.
    const may = (scope: (typeof TOOLS)[number]["scope"]) => {
      try {
        requireScope(c, site, scope);
        return true;
      } catch {
        return false;
      }
    };
    const scopes = new Set(TOOLS.map(({ scope }) => scope).filter(may));
    if (scopes.size === 0) requireScope(c, site, "read");
    const server = createServer(c, site, scopes);
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    return transport.handleRequest(c.req.raw);
  });
}

function createServer(c: Context<SiteEnv>, site: Site, scopes: ReadonlySet<string>): Server {
  const server = new Server(
    { name: "selkie", title: "Selkie", version },
    {
      capabilities: { tools: {} },
      instructions:
        "Selkie learns what it reads into a model's weights. `search` finds passages that it has read; `ask` says what the weights know; `add_document` gives it something to read.",
    },
  );
  const tools = TOOLS.filter(({ scope }) => scopes.has(scope));

  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: tools.map(({ name, description, inputSchema, readOnly }) => ({
      name,
      description,
      inputSchema,
      annotations: { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: !readOnly },
    })),
  }));

  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (!tool) {
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name} for this key.`);
    }
    const gone = openStream(c, site);
    try {
      const result = (await tool.run(site.instance, params.arguments ?? {}, gone)) as object;
      const text = JSON.stringify(result, null, 2);
      return { content: [{ type: "text", text }], structuredContent: { ...result } };
    } catch (error) {
      return { content: [{ type: "text", text: sentence(error, site) }], isError: true };
    }
  });
  return server;
}

/** What went wrong, for the model that asked. */
function sentence(error: unknown, site: Site): string {
  if (error instanceof ToolError) return error.message;
  const { status, message } = explainError(error, site.instance.home.database);
  if (status === 500) logger.error("{error}", { error });
  return message;
}
