/**
 * The shapes that the other files share; the type checker reads them.
 * What a field means on the wire is written in adw_websockets.ts.
 */

/**
 * @typedef {object} AgentEvent
 * @property {number} seq
 * @property {string} event_type
 * @property {string} agent_id
 * @property {string} message
 * @property {Record<string, unknown>} metadata
 * @property {string} timestamp
 * @property {string} log_type
 * @property {string} log_level
 * @property {string} [session_id]
 */

/** @typedef {"running" | "waiting" | "idle" | "done" | "failed" | "cancelled" | "unknown"} Activity */

/**
 * @typedef {object} StepStats
 * @property {string} name
 * @property {number} count finished runs
 * @property {number} totalMs
 * @property {number} maxMs
 * @property {number} failed
 */

/**
 * @typedef {object} Wait Why an agent waits for a person.
 * @property {"permission" | "question" | "idle" | "blocked"} kind
 * @property {string} reason
 * @property {number} since ms since the epoch
 * @property {number} seq
 * @property {string} request id of what was asked for, "" when it has none
 * @property {string} tool the tool that was asked for, "" when none was named
 */

/**
 * @typedef {object} Repeat The latest tool call, and how often it was made.
 * @property {unknown} input
 * @property {string} label
 * @property {number} calls in a row
 * @property {number} rounds the same, calls that ran side by side counted once
 * @property {number} open of these calls, how many have not ended
 * @property {number} since
 * @property {number} endedAt when the latest of them ended, 0 when none has
 * @property {string} callId
 * @property {number} seq
 */

/**
 * @typedef {object} Agent
 * @property {string} id
 * @property {string} name
 * @property {string} type
 * @property {string} model
 * @property {string} parentId
 * @property {string} sessionId the latest
 * @property {Set<string>} sessions every one it was seen in
 * @property {string} status as recorded
 * @property {Activity} activity
 * @property {string} message the latest
 * @property {number} firstAt
 * @property {number} lastAt
 * @property {number} endedAt 0 while it works
 * @property {number} lastSeq
 * @property {number} events
 * @property {number} errors
 * @property {number} tokensIn of its own prompts
 * @property {number} tokensOut
 * @property {number} reportedTokensIn the total that the agent itself reported
 * @property {number} reportedTokensOut
 * @property {number} cost sum of its prompts' recorded cost, US dollars
 * @property {number} reportedCost
 * @property {boolean} costRecorded
 * @property {boolean} estimated a recorded number was labelled an estimate
 * @property {{ name: string, key: string, since: number }[]} openSteps innermost last
 * @property {Map<string, StepStats>} steps by name: any name may occur
 * @property {Map<string, { name: string, label: string, since: number }>} openCalls
 * @property {boolean} reportsEnds whether the ends of its tool calls are reported
 * @property {Repeat} repeat
 * @property {Wait[]} waits in the order in which they began
 * @property {{ reason: string, since: number, seq: number } | null} failure
 */

/**
 * @typedef {object} Need One row of the "needs you" queue.
 * @property {string} key stable while the same need lasts
 * @property {string} agentId
 * @property {string} agentName
 * @property {"permission" | "question" | "failed" | "loop" | "blocked" | "idle" | "silent"} kind
 * @property {string} reason
 * @property {number} since
 * @property {number} seq the event that tells, 0 when none does
 */

/**
 * @typedef {object} Filter
 * @property {string[]} agents
 * @property {string[]} types
 * @property {string[]} levels
 * @property {string[]} sessions
 * @property {string} text
 * @property {number | null} from ms since the epoch
 * @property {number | null} to
 */

/** From the least to the most serious. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "critical"];
