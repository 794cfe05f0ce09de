/** The doors of a project's server by themselves; prints the port. */
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as AdwAgents from "../../build/rendered/default/adws/adw_modules/adw_agents.ts";

const { adws, work, home, spool }: Record<string, string> = JSON.parse(
  process.argv[2] ?? "{}",
);
const { startAgents }: typeof AdwAgents = await import(
  pathToFileURL(join(String(adws), "adw_modules/adw_agents.ts")).href
);
const agents = await startAgents({
  database: join(String(work), "log.db"),
  spool,
  home,
  prices: join(String(adws), "prices.json"),
});
const server = createServer((request, response) => {
  if (!agents.handle(request, response)) response.writeHead(404).end();
}).listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(address?.port);
});
