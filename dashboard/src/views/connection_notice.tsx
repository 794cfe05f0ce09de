/** What a person has to know, or do, when the connection is not simply live. */
import { useState } from "preact/hooks";
import { connection, dismissNotice, now, streamNotice } from "../state.ts";
import { Icon } from "./icons.tsx";

export function ConnectionNotice({
  onRetry,
  onToken,
}: {
  onRetry: () => void;
  onToken: (token: string) => void;
}) {
  const { state, reason, refusal, retryAt } = connection.value;
  if (refusal === "token") {
    return <TokenForm reason={reason} onToken={onToken} />;
  }
  if (refusal === "origin") {
    return (
      <section class="gate" role="alert">
        <h2>The server refused this page</h2>
        <p>{reason}</p>
        <button type="button" class="button primary" onClick={onRetry}>
          Try again
        </button>
      </section>
    );
  }
  if (state === "reconnecting" || state === "refused") {
    void now.value;
    const seconds = Math.max(
      0,
      Math.ceil((retryAt - performance.now()) / 1_000),
    );
    return (
      <div class="banner">
        <Icon name="alert" />
        <p>
          {reason} What you see is kept; the page goes on by itself where it
          stopped.{" "}
          <span class="muted" aria-hidden="true">
            {seconds > 1 ? `Next try in ${seconds} s.` : ""}
          </span>
        </p>
        <button type="button" class="button" onClick={onRetry}>
          Try now
        </button>
      </div>
    );
  }
  if (streamNotice.value !== "") {
    return (
      <div class="banner calm" role="status">
        <p>{streamNotice.value}</p>
        <button
          type="button"
          class="icon-button"
          aria-label="Dismiss this notice"
          onClick={dismissNotice}
        >
          <Icon name="close" />
        </button>
      </div>
    );
  }
  return null;
}

function TokenForm({
  reason,
  onToken,
}: {
  reason: string;
  onToken: (token: string) => void;
}) {
  const [token, setToken] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== "") onToken(token.trim());
  };
  return (
    <section class="gate" role="alert" aria-labelledby="gate-title">
      <h2 id="gate-title">A token is needed</h2>
      <p>{reason}</p>
      <p>
        The server printed a complete address when it started, ending in{" "}
        <code>#token=…</code>: open that one, or paste the token here. Once the
        server has accepted it, this browser keeps it for this page.
      </p>
      <form class="gate-form" onSubmit={submit}>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          Connect
        </button>
      </form>
    </section>
  );
}
