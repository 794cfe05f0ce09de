/**
 * adw_mask: masks secrets, by the name of the field and by the look of the
 * value: in what agents say, before it is stored, and in what the dashboard
 * exports.
 *
 * Template: adw_mask 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing. It runs in Node and in browsers.
 * Update:   npx adw-scaffold update
 */

export const MASK = "[masked]";

/** Names of fields whose value is a secret, in words joined by underscores. */
const SECRET_FIELDS = [
  /(?:^|_)(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|token|jwt|otp|bearer|auth|authorization|credentials?|cookies?|dsn|signature|connection_string)$/,
  /(?:^|_)(?:api|access|private|secret|signing|encryption|master|ssh|account|deploy)_?key(?:_id)?$/,
  /(?:^|_)(?:password|secret|token|credentials?|authorization|cookie)_(?:hash|value|confirm(?:ation)?|repeat|old|new|plain|text|string|binary|header)$/,
  // Written together, as in dbpassword and authtoken.
  /(?:password|passwd|passphrase|token|secret|dbpass|(?:api|access|private|secret)key)$/,
];

/** What was found out already: of names and short texts, which are few and come again and again. */
const secretFields = new Map<string, boolean>();
const clean = new Set<string>();
const MAX_KNOWN_CHARS = 100;
const MAX_KNOWN = 1_000;

function isSecretField(field: string): boolean {
  const known = secretFields.get(field);
  if (known !== undefined) return known;
  const isSecret = looksSecret(field);
  if (secretFields.size >= MAX_KNOWN) secretFields.clear();
  if (field.length <= MAX_KNOWN_CHARS) secretFields.set(field, isSecret);
  return isSecret;
}

function looksSecret(field: string): boolean {
  const words = field
    .slice(0, 200)
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/_?\d*_?$/, "");
  return SECRET_FIELDS.some((pattern) => pattern.test(words));
}

/** What a secret is called inside a text. */
const NAME =
  "(?:password|passwd|passphrase|pwd|secret|token|_auth|(?:api|access|private|secret|signing|encryption|account|master)[-_]?key)";
/** Code that names a secret without holding it: a type, a call, a variable, a template. */
const NO_VALUE = String.raw`(?!(?:string|number|boolean|unknown|any|null|undefined|none|str|bytes|true|false)(?![\w-])|process\.|import\.|os\.|env\.|\$(?!\d)|[{(<\x60…]|[\w.]{1,80}\()`;

/**
 * The look of well-known secrets, each kept up to what tells its kind. A text
 * may be long and of any shape: each pattern starts at something rare, and
 * what repeats before that is bounded, so that the time stays linear.
 */
const SECRET_PATTERNS: readonly [RegExp, string][] = [
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    MASK,
  ],
  [/\bAGE-SECRET-KEY-1[A-Z0-9]{20,}/g, MASK],
  // Anthropic, OpenAI, Stripe, GitHub, GitLab, Slack, AWS, Google, npm, …
  [/\bsk-[A-Za-z0-9_-]{16,}/g, `sk-${MASK}`],
  [/\b[rsp]k_(?:live|test)_[A-Za-z0-9]{10,}/g, MASK],
  [/\bwhsec_[A-Za-z0-9+/=]{16,}/g, MASK],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}/g, MASK],
  [/\bgithub_pat_[A-Za-z0-9_]{20,}/g, MASK],
  [/\bgl(?:pat|rt|ptt|dt|soat)-[A-Za-z0-9_-]{16,}/g, MASK],
  [/\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{10,}/g, MASK],
  [/\bhooks\.slack\.com\/services\/[A-Za-z0-9/]+/g, `hooks.slack.com/${MASK}`],
  [
    /\b(discord(?:app)?\.com\/api\/webhooks)\/\d+\/[A-Za-z0-9_-]+/g,
    `$1/${MASK}`,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MASK],
  [/\bAIza[A-Za-z0-9_-]{30,}/g, MASK],
  [/\bGOCSPX-[A-Za-z0-9_-]{20,}/g, MASK],
  [/\bya29\.[A-Za-z0-9_-]{20,}/g, MASK],
  [/\bnpm_[A-Za-z0-9]{30,}/g, MASK],
  [/\bpypi-[A-Za-z0-9_-]{30,}/g, MASK],
  [/\bhf_[A-Za-z0-9]{20,}/g, MASK],
  [/\b(?:gsk|r8|ntn|lin_api|dckr_pat|sbp)_[A-Za-z0-9_-]{20,}/g, MASK],
  [/\bxai-[A-Za-z0-9]{20,}/g, MASK],
  [/\bshp(?:at|ca|pa|ss)_[a-f0-9]{32}/g, MASK],
  [/\bdop_v1_[a-f0-9]{40,}/g, MASK],
  [/\bSK[a-f0-9]{32}\b/g, MASK],
  [/\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g, MASK],
  [/\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g, MASK],
  // Up to the next possible start, or "-eyJ-eyJ…" would be read once for each.
  [
    /\beyJ(?:(?!-eyJ)[A-Za-z0-9_-]){8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
    MASK,
  ],
  [/(\badw\.token\.)(?!\$\{)[\w!#$%&'*+.^`|~-]+/g, `$1${MASK}`],
  // Headers: Authorization: …, Cookie: a=b; c=d
  [
    /(\bauthorization\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?(?:(?:bearer|basic|token|digest|bot|api-?key|key|negotiate|ntlm|ssws|splunk)\s{1,3})?)(?!\[masked|[$<{…%\x60]|(?:bearer|basic|token|digest)\b)[^\s"',;\\]+/gi,
    `$1${MASK}`,
  ],
  [
    /(\bcookie\\?["']?\s{0,3}:\s{0,3}\\?["']?)[^\s"'=;]{1,100}=(?![a-z];)[^\r\n"']+/gi,
    `$1${MASK}`,
  ],
  // A word has neither a digit nor a capital inside it; base64 has.
  [
    /\b([Bb]earer|BEARER|[Bb]asic|BASIC)\s{1,3}(?=[A-Za-z._~+/=-]{0,200}(?:\d|[a-z][A-Z]))[A-Za-z0-9._~+/=-]{8,}/g,
    `$1 ${MASK}`,
  ],
  // https://user:password@host, https://token@host
  [
    /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"'<>]{0,200}):(?!\d{1,5}[/?#,]|\$\{)[^\s"'<>\\]{1,400}@/gi,
    `$1:${MASK}@`,
  ],
  [/(\bhttps?:\/\/)[^\s/:@"'<>]{8,200}@/gi, `$1${MASK}@`],
  [
    /(\b(?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token))=)[^&\s"']{8,}/gi,
    `$1${MASK}`,
  ],
  // password=…, "api_key": "…", --token …, and GITHUB_TOKEN=… inside a text
  [
    new RegExp(
      String.raw`(${NAME}["']?\s{0,3}[=:]\s{0,3})(["'])(?!…|\$\{|\.[a-z]|(?:[^\s"']{1,40} ){3})(?:(?!\2)[^\\\n]|\\.)+\2`,
      "gi",
    ),
    `$1$2${MASK}$2`,
  ],
  // The same inside a JSON string, up to the next quote of the same depth.
  [
    new RegExp(
      String.raw`(${NAME}(?:\\?["'])?\s{0,3}[=:]\s{0,3})(\\["'])(?:(?!\2)[^\\\n]|\\(?!["']).)+\2`,
      "gi",
    ),
    `$1$2${MASK}$2`,
  ],
  [/([A-Z0-9]_PASS=["']?)(?![$"'])[^\s"']+/g, `$1${MASK}`],
  [
    new RegExp(
      String.raw`(${NAME}(?:=|:\s{0,3}(?=[^\s"',;&)}\]\\]{0,200}\d)))(?!\\?["'[])${NO_VALUE}[^\s"',;&)}\]\\]+`,
      "gi",
    ),
    `$1${MASK}`,
  ],
  // A line of YAML: a value to the line's end, that no code would leave like this.
  [
    new RegExp(
      String.raw`^([ 	]{0,40}(?:- )?[\w-]{0,40}${NAME}:[ 	]{1,3})${NO_VALUE}(?![A-Z][A-Za-z]*[ 	]*$)[^\s"'\x60,;{}()[\]]{6,200}(?=[ 	]*$)`,
      "gm",
    ),
    `$1${MASK}`,
  ],
  [
    new RegExp(
      String.raw`(${NAME} {1,3}= {0,3})${NO_VALUE}(?=[A-Za-z/+_.-]{0,80}\d)[A-Za-z0-9/+_.=-]{16,}`,
      "gi",
    ),
    `$1${MASK}`,
  ],
  [
    /(--(?:[a-z0-9]{1,30}-){0,4}(?:password|token|secret|api-key)\s{1,3})(?![-<$…[])(?:"[^"]*"|'[^']*'|[^\s"']+)/gi,
    `$1${MASK}`,
  ],
  [
    /(\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[^\s:]{1,100}):[^\s]+/g,
    `$1:${MASK}`,
  ],
  [
    /(\bmysql(?:dump|admin)?\s(?:[^\n]{0,200}?\s)?-p)(?=[^\s-])\S+/g,
    `$1${MASK}`,
  ],
  [/(\blogin\s{1,3}\S{1,100}\s{1,3}password\s{1,3})\S+/g, `$1${MASK}`],
];

/** Too short for any of the patterns above. */
const HARMLESS = /^[\w./-]{0,14}$/;

/** What a text must hold for some patterns to match: to look for it once is cheaper. */
const NAMED = new RegExp(NAME, "i");
const PATTERNS = SECRET_PATTERNS.map(([pattern, replacement]) => ({
  pattern,
  replacement,
  isNamed: pattern.source.includes(NAME),
  isUrl: pattern.source.includes(String.raw`:\/\/`),
}));

/**
 * Masks secrets inside a text.
 *
 * @param onMasked called once for each secret that was found
 */
export function maskText(text: string, onMasked?: () => void): string {
  if (HARMLESS.test(text) || clean.has(text)) return text;
  const [hasName, hasUrl] = [NAMED.test(text), text.includes("://")];
  let masked = text;
  for (const { pattern, replacement, isNamed, isUrl } of PATTERNS) {
    if ((isNamed && !hasName) || (isUrl && !hasUrl)) continue;
    const before = masked;
    masked = masked.replace(pattern, replacement);
    if (masked === before || onMasked === undefined) continue;
    // What an earlier pattern has masked is no further secret.
    for (const found of before.match(pattern) ?? [])
      if (!found.includes(MASK)) onMasked();
  }
  if (masked === text && text.length <= MAX_KNOWN_CHARS) {
    if (clean.size >= MAX_KNOWN) clean.clear();
    clean.add(text);
  }
  return masked;
}

/** Masks secrets in a value, by field name and by pattern, and copies the rest. */
export function maskValue(
  value: unknown,
  field = "",
  onMasked?: () => void,
): unknown {
  const secret = isSecretField(field);
  if (typeof value === "string") {
    if (!secret || value === "") return maskText(value, onMasked);
    onMasked?.();
    return MASK;
  }
  if (typeof value === "number") {
    // `pass: 31` counts what passed.
    if (!secret || field.toLowerCase() === "pass") return value;
    onMasked?.();
    return MASK;
  }
  if (Array.isArray(value))
    return value.map((item) => maskValue(item, field, onMasked));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        maskText(key, onMasked),
        maskValue(item, secret ? field : key, onMasked),
      ]),
    );
  }
  return value;
}
