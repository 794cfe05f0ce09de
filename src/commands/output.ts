/** Standard output and standard error, at the least cost for what they are. */
import { fstatSync, writeSync } from "node:fs";

/** Where words go. */
export interface Output {
  write: (text: string) => unknown;
  isTTY: boolean;
  /** Width of the terminal, in characters; undefined where there is none. */
  columns?: number;
  /** The stream itself, for libraries that draw. */
  readonly stream: NodeJS.WriteStream;
}

/**
 * Wraps a standard stream of this process.
 *
 * Node makes its stream when it is first asked for, and loads its network code for
 * that: a sixth of what an empty program takes. Where the words go into a pipe or a
 * file, they are written without it.
 */
export function standardOutput(descriptor: 1 | 2): Output {
  return isPlain(descriptor)
    ? plainOutput(descriptor)
    : streamOutput(descriptor);
}

/** Whether it is a pipe, a socket or a file: it has no width, no colours, no cursor. */
function isPlain(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return status.isFIFO() || status.isSocket() || status.isFile();
  } catch {
    return false; // closed: Node has a stream that swallows everything
  }
}

function plainOutput(descriptor: 1 | 2): Output {
  let closed = false;
  let stream: NodeJS.WriteStream | undefined;
  return {
    isTTY: false,
    get stream() {
      return (stream ??= nodeStream(descriptor));
    },
    write(text) {
      if (closed) return;
      if (stream !== undefined) {
        stream.write(text);
        return;
      }
      let rest: Uint8Array = Buffer.from(text);
      try {
        while (rest.length > 0) {
          rest = rest.subarray(writeSync(descriptor, rest));
        }
      } catch (error) {
        // The reader is slow and the pipe does not block: Node's stream waits for it.
        if (hasErrorCode(error, "EAGAIN")) {
          (stream = nodeStream(descriptor)).write(rest);
          return;
        }
        closed = true;
        if (!isClosedPipe(error)) outputFailed(descriptor, error);
      }
    },
  };
}

function streamOutput(descriptor: 1 | 2): Output {
  const stream = nodeStream(descriptor);
  return {
    write: (text) => stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    stream,
  };
}

/**
 * A closed pipe (`adw-scaffold list | head`) is the reader's choice: what was begun
 * is brought to its end, and the exit code still tells how it went.
 */
function nodeStream(descriptor: 1 | 2): NodeJS.WriteStream {
  const stream = descriptor === 1 ? process.stdout : process.stderr;
  stream.on("error", (error) => {
    if (!isClosedPipe(error)) outputFailed(descriptor, error);
  });
  return stream;
}

/**
 * Words that are lost (a full disk, say) are a failure; what was begun is brought to
 * its end all the same. Thrown here, the error would print a line of this bundle.
 */
function outputFailed(descriptor: 1 | 2, error: unknown): void {
  process.on("exit", () => {
    process.exitCode = 1;
  });
  if (descriptor === 2) return; // there is nowhere left to say it
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `error OUTPUT_FAILED cannot write to standard output: ${reason}\n`,
  );
}

function isClosedPipe(error: unknown): boolean {
  // Windows says EOF.
  return hasErrorCode(error, "EPIPE") || hasErrorCode(error, "EOF");
}

function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
