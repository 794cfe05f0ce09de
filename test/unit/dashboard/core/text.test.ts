import { at, event } from "../../../helpers/dashboard/events.ts";
import {
  exportText,
  format,
  mask,
  timeAxis,
  urlState,
  filter,
} from "../../../helpers/dashboard/source.ts";

describe("masking", () => {
  // Put together here, so that no scanner takes them for real ones.
  const secrets = [
    ["sk-ant-", "api03-", "x1".repeat(20)],
    ["sk-", "proj-", "aB3".repeat(10)],
    ["sk_", "live_", "a1b2".repeat(6)],
    ["gh", "p_", "Ab1".repeat(12)],
    ["github_", "pat_", "Ab1_".repeat(8)],
    ["glp", "at-", "x".repeat(20)],
    ["xox", "b-123456789012-", "abc".repeat(6)],
    ["AK", "IA", "ABCDEFGHIJKLMNOP"],
    ["AI", "za", "Sy1".repeat(12)],
    ["np", "m_", "a1B".repeat(12)],
    ["h", "f_", "abcD".repeat(8)],
    ["ey", "JhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"],
    [
      "-----BEGIN RSA ",
      "PRIVATE KEY-----\nMIIExxxxxxxxxxxx",
      "\n-----END RSA PRIVATE KEY-----",
    ],
    [
      "-----BEGIN PGP ",
      "PRIVATE KEY BLOCK-----\nlQOYBGabcdefghij",
      "\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
    ["AGE-SECRET-", "KEY-1", "QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"],
    ["xa", "pp-1-", "A0123-4567-abcdef0123456789"],
    ["dckr_", "pat_", "abcDEF12".repeat(3)],
    ["GOC", "SPX-", "abcDEF12".repeat(3)],
    ["gs", "k_", "abcDEF12".repeat(4)],
    ["shp", "at_", "0123456789abcdef".repeat(2)],
    ["S", "K", "0123456789abcdef".repeat(2)],
    ["123456789:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"],
    ["whs", "ec_", "abcDEF12".repeat(4)],
    ["gl", "rt-", "x1".repeat(12)],
  ].map((parts) => parts.join(""));

  test.each(secrets)("finds %s in a text", (secret) => {
    const masked = mask.maskText(`before ${secret} after`);
    expect(masked).toMatch(/^before .*\[masked\].* after$/s);
    expect(masked).not.toContain(secret.slice(-12));
  });

  test.each([
    ["Authorization: Bearer abcdef123456", "abcdef123456"],
    ["curl -u x https://me:hunter22@example.com/", "hunter22"],
    ["PASSWORD=hunter22 npm start", "hunter22"],
    ["GITHUB_TOKEN=hunter22", "hunter22"],
    ["GITHUB_TOKEN='hunter 22'", "hunter 22"],
    ['{"api_key": "hunter22"}', "hunter22"],
    ['"{\\"password\\":\\"hunter22\\"}"', "hunter22"],
    ["deploy --token hunter22 --force", "hunter22"],
    ["?access_token=hunter22&x=1", "hunter22"],
    ["the secret: hunter22", "hunter22"],
    ["aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "wJalr"],
    ["secretKey: hunter22", "hunter22"],
    ["authorization: token hunter22", "hunter22"],
    ["Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjp"],
    ["Cookie: session=hunter22; theme=dark", "hunter22"],
    ["Set-Cookie: sid=hunter22; Path=/", "hunter22"],
    ["curl -s -u admin:hunter22 https://example.com", "hunter22"],
    ["mysql -u root -phunter22 shop", "hunter22"],
    ["machine github.com login me password hunter22", "hunter22"],
    ["//registry.npmjs.org/:_authToken=hunter22", "hunter22"],
    ["git clone https://hunter22@example.com/x.git", "hunter22"],
    ["https://me:p@ss/hunter22@example.com/", "hunter22"],
    ["redis://:hunter22@cache:6379", "hunter22"],
    ["https://example.com/x?X-Amz-Signature=hunter22hunter22&a=1", "hunter22"],
    ["https://discord.com/api/webhooks/12/hunter22hunter22", "hunter22"],
    ["Sec-WebSocket-Protocol: adw.token.hunter22", "hunter22"],
    ["Authorization: ApiKey hunter22", "hunter22"],
    ["sent Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
    ["postgres://me:hun,ter22@host/db", "ter22"],
    ["password=$2b$10$hunter22", "hunter22"],
    ["token: none-hunter22", "hunter22"],
    [String.raw`{"password": "ab\"hunter22"}`, "hunter22"],
    ["DB_PASS=hunter22 npm start", "hunter22"],
  ])("finds the secret in %s", (text, secret) => {
    const masked = mask.maskText(text);
    expect(masked).toContain("[masked]");
    expect(masked).not.toContain(secret);
  });

  test.each([
    "12,000 tokens in, 800 out",
    "max_tokens: 4096 is fine as a field, tokens_input too",
    "task-skipped sk-1 sketch",
    "Edit src/password_form.tsx",
    "https://example.com:8080/path",
    "user@example.com",
    "git@github.com:me/repo.git",
    "http://localhost:3000/a:b@c",
    "basic authentication works",
    "interface Login { password: string; token: string | null }",
    "const token = readToken();",
    "password: process.env.PASSWORD",
    "docker run -u 1000:1000 image",
    "mkdir -p src/x",
    "mysql --port=3306 -h db",
    "kafka://a:9092,b:9092/x@y",
    "token count: 42, tokens_input=12000, token_count=5",
    "commit 0123456789abcdef0123456789abcdef01234567",
  ])("leaves %s alone", (text) => {
    expect(mask.maskText(text)).toBe(text);
  });

  test("goes by the name of the field, at any depth", () => {
    expect(
      mask.maskValue({
        password: "a",
        nested: [{ "api-key": "b", clientSecret: "c", GITHUB_TOKEN: "d" }],
        headers: { Authorization: "e", cookie: ["f"], accept: "*/*" },
        credentials: { user: "g" },
        pin: 1,
        secret: 42,
        tokens_input: 12,
        max_tokens: 100,
        token: null,
      }),
    ).toEqual({
      password: mask.MASK,
      nested: [
        {
          "api-key": mask.MASK,
          clientSecret: mask.MASK,
          GITHUB_TOKEN: mask.MASK,
        },
      ],
      headers: { Authorization: mask.MASK, cookie: [mask.MASK], accept: "*/*" },
      credentials: { user: mask.MASK },
      pin: 1,
      secret: mask.MASK,
      tokens_input: 12,
      max_tokens: 100,
      token: null,
    });
  });

  test.each(
    Object.keys({
      apiKey: 0,
      "x-api-key": 0,
      userPassword: 0,
      db_password: 0,
      dbpassword: 0,
      password2: 0,
      secretKey: 0,
      signing_key: 0,
      ssh_key: 0,
      aws_access_key_id: 0,
      idToken: 0,
      authtoken: 0,
      csrf_token: 0,
      "set-cookie": 0,
      otp: 0,
      signature: 0,
      ANTHROPIC_API_KEY: 0,
      connectionString: 0,
      password_hash: 0,
      githubtoken: 0,
      appsecret: 0,
      dbpass: 0,
      myapikey: 0,
      SecretString: 0,
      passwordConfirm: 0,
      cookie_header: 0,
      HTTPToken: 0,
    }),
  )("takes the field %s for a secret", (field) => {
    expect(mask.maskValue({ [field]: "x" })).toEqual({ [field]: mask.MASK });
  });

  test("leaves numbers, counts and words that only sound like secrets", () => {
    const harmless = {
      seq: 5,
      tokens_input: 12_000,
      tokensIn: 1,
      inputTokens: 2,
      total_tokens: 3,
      cache_read_input_tokens: 4,
      "gen_ai.usage.input_tokens": 5,
      token_count: 6,
      tokens_per_second: 7,
      max_tokens: 8,
      pass: 31,
      passed: 31,
      bypass: "yes",
      compass: "north",
      secretary: "Bob",
      author: "Ann",
      public_key: "ssh-rsa AAAA",
      primary_key: "id",
      tokenizer: "cl100k",
      password_policy: "strong",
      has_token: true,
    };
    expect(mask.maskValue(harmless)).toEqual(harmless);
  });

  test("finds a secret that is a key", () => {
    const key = ["gh", "p_", "Ab1".repeat(12)].join("");
    expect(mask.maskValue({ [key]: 1 })).toEqual({ [mask.MASK]: 1 });
  });

  test.each([
    "a",
    "a-",
    "x.",
    "A1",
    "://",
    "a:",
    "password ",
    'token="',
    "eyJabcdefgh.",
    "-----BEGIN PRIVATE KEY-----",
    "curl ",
    "--a-",
    "https://",
    "cookie:",
    " = ",
    "-eyJ",
    "-eyJaaaaaaaa",
    String.raw`token="\"`,
    String.raw`token=\"`,
    "token='x\\'",
  ])("takes no longer than the text is long: %s, repeated", (part) => {
    const text = part.repeat(Math.ceil(200_000 / part.length));
    const started = performance.now();
    mask.maskText(text);
    // What grows with the square of the length takes minutes.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("does not change the event it was given", () => {
    const original = event(1, "x", { metadata: { password: "a" } });
    mask.maskEvent(original);
    expect(original.metadata).toEqual({ password: "a" });
  });
});

describe("exports", () => {
  const events = [
    event(1, "x", {
      message: 'say "hi", then\nleave',
      metadata: { token: "t" },
    }),
    event(2, "y", { message: "=HYPERLINK(1)", session_id: "s" }),
  ];

  test("write one masked JSON object a line", () => {
    const lines = exportText.toJsonl(events).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...events[0], metadata: { token: "[masked]" } },
      events[1],
    ]);
  });

  test("write CSV that a spreadsheet reads, and does not run", () => {
    expect(exportText.toCsv(events)).toBe(
      "seq,timestamp,event_type,log_type,log_level,agent_id,session_id,message,metadata\r\n" +
        '1,2026-01-05T10:00:01.000Z,x,event,info,a,,"say ""hi"", then\nleave","{""token"":""[masked]""}"\r\n' +
        "2,2026-01-05T10:00:02.000Z,y,event,info,a,s,'=HYPERLINK(1),{}\r\n",
    );
  });
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])(
  "a spreadsheet does not run %j",
  (message) => {
    const [, line = ""] = exportText
      .toCsv([event(1, "x", { message })])
      .split(/\r\n(?=\d)/);
    expect(line).toMatch(/,"?'/);
  },
);

describe("the address bar", () => {
  test("says the whole view, and takes it back", () => {
    const view = {
      filter: {
        agents: ["a b", "c&d"],
        types: ["tool_call"],
        levels: ["error"],
        sessions: ["s"],
        projects: ["shop", ""],
        sources: ["codex"],
        text: 'find "this thing"',
        from: at(1),
        to: at(2),
      },
      selected: 41,
      at: at(1.5),
      panel: "story",
      open: ["done project shop"],
      folded: ["a b"],
      by: "model" as const,
    };
    expect(urlState.fromQuery(urlState.toQuery(view))).toEqual(view);
  });

  test("stays empty for the plain view", () => {
    const plain = {
      filter: filter.emptyFilter(),
      selected: null,
      at: null,
      panel: "fleet",
      open: [],
      folded: [],
      by: "agent" as const,
    };
    expect(urlState.toQuery(plain)).toBe("");
    expect(urlState.fromQuery("")).toEqual(plain);
  });

  test("ignores nonsense", () => {
    expect(
      urlState.fromQuery("?event=-1&from=soon&at=&panel=kitchen&by=moon&x=y"),
    ).toEqual(urlState.fromQuery(""));
  });
});

describe("numbers and times", () => {
  test.each([
    [0, "0 ms"],
    [840, "840 ms"],
    [4_200, "4.2 s"],
    [59_000, "59 s"],
    [185_000, "3 m 05 s"],
    [8_040_000, "2 h 14 m"],
    [273_600_000, "3 d 4 h"],
    [-1, "–"],
  ])("%d ms reads %s", (ms, text) => {
    expect(format.formatDuration(ms)).toBe(text);
  });

  test("a time beyond all calendars is no day, and throws nothing", () => {
    expect(format.formatDay(Number.NaN)).toBe("–");
    expect(format.formatShortDay(Number.NaN)).toBe("–");
  });

  test.each([
    [947, "947"],
    [1_000, "1.0k"],
    [12_400, "12k"],
    [999_600, "1.0M"],
    [123_000_000, "123M"],
  ])("%d reads %s", (count, text) => {
    expect(format.formatCount(count)).toBe(text);
  });

  test.each([
    [null, "–"],
    [0, "$0.00"],
    [0.0042, "$0.0042"],
    [0.00004, "<$0.0001"],
    [1234.5, "$1,234.50"],
  ])("%p US dollars read %s", (usd, text) => {
    expect(format.formatCost(usd)).toBe(text);
  });
});

describe("the time axis", () => {
  const limits = { from: 0, to: 100_000 };

  test("keeps the time under the pointer where it is, and stays in bounds", () => {
    expect(
      timeAxis.zoom({ from: 0, to: 100_000 }, 0.5, 20_000, limits),
    ).toEqual({ from: 10_000, to: 60_000 });
    expect(
      timeAxis.zoom({ from: 10_000, to: 60_000 }, 9, 20_000, limits),
    ).toEqual(limits);
    expect(timeAxis.zoom({ from: 0, to: 60 }, 0.5, 30, limits)).toEqual({
      from: 0,
      to: 60,
    });
    expect(timeAxis.pan({ from: 90_000, to: 95_000 }, 50_000, limits)).toEqual({
      from: 95_000,
      to: 100_000,
    });
  });

  test("puts ticks at round times", () => {
    const { times, step } = timeAxis.ticks(
      { from: 1_000, to: 61_000 },
      600,
      90,
    );
    expect(step).toBe(10_000);
    expect(times).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
  });
});
