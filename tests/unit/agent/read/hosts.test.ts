import { expect, mock, test } from "bun:test";
import * as dns from "node:dns/promises";
import { ReadError } from "../../../../agent/read/errors.ts";
import { fetchAt, isPublic } from "../../../../agent/read/hosts.ts";
import { httpGet } from "../../../../agent/read/http.ts";
import { DEFAULT_LIMITS } from "../../../../agent/read/limits.ts";

const PRIVATE = [
  "127.0.0.1",
  "127.1.2.3",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "fc00::1",
  "fd12::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "not an address",
];
test.each(PRIVATE)("%s is not public", (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(["1.1.1.1", "93.184.215.14", "2606:4700::1111"])("%s is public", (address) => {
  expect(isPublic(address)).toBe(true);
});

const refused = (address: string, privateHosts: string[] = []) =>
  httpGet(address, { limits: { ...DEFAULT_LIMITS, privateHosts } }).then(
    () => Promise.reject(new Error("nothing was thrown")),
    (error) => (error instanceof ReadError ? error : Promise.reject(error)),
  );

test("a host is refused however its address is written, and by its name", async () => {
  const hosts = [
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "017700000001",
    "[::1]",
    "[::ffff:7f00:1]",
    "localhost",
  ];
  for (const host of hosts) {
    const error = await refused(`http://${host}:7377/`);
    expect([host, error.code]).toEqual([host, "private-address"]);
    expect(error.message).toContain("SELKIE_PRIVATE_HOSTS");
  }
});

test("a host that is trusted may be asked, and does not vouch for others", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      const { pathname, port } = new URL(url);
      if (pathname === "/") return new Response("here");
      return Response.redirect(`http://localhost:${port}/`, 302);
    },
  });
  const limits = { ...DEFAULT_LIMITS, privateHosts: ["127.0.0.1"] };
  const answer = await httpGet(server.url.href, { limits });
  expect(new TextDecoder().decode(answer.bytes)).toBe("here");
  const error = await refused(new URL("/away", server.url).href, ["127.0.0.1"]);
  expect(error.message).toContain("localhost (");
  expect(
    (
      await httpGet(new URL("/away", server.url).href, {
        limits: { ...limits, privateHosts: "all" },
      })
    ).status,
  ).toBe(200);
  await server.stop(true);
});

test("a request goes to the address that was checked, under the host's name, past any proxy", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ headers, url }) => Response.json([headers.get("host"), new URL(url).pathname]),
  });
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = "http://127.0.0.1:9";
  try {
    const url = new URL(`http://feeds.invalid:${server.port}/a`);
    const response = await fetchAt(url, "127.0.0.1", {
      headers: {},
      signal: AbortSignal.timeout(5000),
    });
    expect(await response.json()).toEqual([`feeds.invalid:${server.port}`, "/a"]);
  } finally {
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
    await server.stop(true);
  }
});

test.each([
  "198.18.0.1",
  "192.0.0.8",
  "fec0::1",
  "100::1",
  "::7f00:1",
  "::ffff:0:7f00:1",
  "64:ff9b:1::a00:1",
  "2001:0:7f00:1::",
  "2001:db8::1",
  "5f00::1",
])("%s, which was not given out to anybody, is not public", (address) => {
  expect(isPublic(address)).toBe(false);
});

test("a host that is trusted with one port is not trusted with another", async () => {
  const servers = [1, 2].map(() =>
    Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("here") }),
  );
  const [named, other] = servers.map(({ url }) => url.href);
  const limits = { ...DEFAULT_LIMITS, privateHosts: [new URL(named!).host] };
  expect((await httpGet(named!, { limits })).status).toBe(200);
  expect((await refused(other!, limits.privateHosts)).code).toBe("private-address");
  for (const server of servers) await server.stop(true);
});

test("this machine is asked directly, whatever proxy the environment names", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("here") });
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = "http://127.0.0.1:9";
  try {
    const limits = { ...DEFAULT_LIMITS, privateHosts: ["127.0.0.1"] };
    expect((await httpGet(server.url.href, { limits })).status).toBe(200);
  } finally {
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
    await server.stop(true);
  }
});

test("a name that resolves to a public address first and to a private one next is not followed there", async () => {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ headers }) => {
      asked.push(headers.get("host")!);
      return new Response("the inside");
    },
  });
  // The stand-in is the attacker's name server: its second answer is this machine.
  const answers = ["93.184.215.14", "127.0.0.1"];
  mock.module("node:dns/promises", () => ({
    ...dns,
    lookup: async () => [{ address: answers.shift() ?? "127.0.0.1", family: 4 }],
  }));
  try {
    const limits = { ...DEFAULT_LIMITS, timeoutMs: 500 };
    const address = `http://rebind.example:${server.port}/`;
    // Nobody answers there, and nobody else is asked.
    await expect(httpGet(address, { limits })).rejects.toThrow(/did not answer|cannot be reached/);
    expect([asked, answers]).toEqual([[], ["127.0.0.1"]]);
    expect((await refused(address)).code).toBe("private-address");
  } finally {
    mock.module("node:dns/promises", () => dns);
    await server.stop(true);
  }
});
