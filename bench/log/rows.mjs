/** The row that every contender writes: a tool call as an agent makes it. */
export const DETAILS = {
  tool_name: "Read",
  tool_use_id: "toolu_01ABCDEFGHJKLMNP",
  tool_input: { file_path: "/repository/src/index.ts", limit: 200 },
  duration_ms: 12,
};
const DETAILS_JSON = JSON.stringify(DETAILS);

const INSERT = `INSERT INTO agent_logs
  (agent_id, log_level, log_type, message, details, created_at)
  VALUES (?, ?, ?, ?, ?, ?)`;

/** A new database with one agent in it. */
export function createDatabase({ openDatabase }, path) {
  const database = openDatabase({ path });
  const kind = database.orchestratorAgents.create({
    name: "Bench",
    agent_type: "builder",
  });
  const { id } = database.agents.create({
    orchestrator_agent_id: kind.id,
    session_id: "bench",
  });
  database.close();
  return id;
}

/** Bare prepared inserts, into the same schema with the same triggers. */
export function bareInserter({ openConnection }, path, agentId) {
  const connection = openConnection(path, 5000);
  const insert = connection.prepare(INSERT);
  return {
    connection,
    insert: (row) =>
      insert.run(
        agentId,
        "info",
        "tool_call",
        `Read file number ${row}`,
        DETAILS_JSON,
        "2026-11-22T20:00:00.000Z",
      ),
  };
}

/** Fills a database with so many events, as fast as bare inserts go. */
export function fill(modules, path, agentId, rows) {
  const { connection, insert } = bareInserter(modules, path, agentId);
  for (let row = 0; row < rows; row += 20_000) {
    connection.exec("BEGIN");
    const end = Math.min(rows, row + 20_000);
    for (let next = row; next < end; next += 1) insert(next);
    connection.exec("COMMIT");
  }
  connection.close();
}
