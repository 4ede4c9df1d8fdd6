/** What is done with each block of the documentation: by its language, but for those that are named here. */

/** The recipes, whose blocks with a title are files of an app: another test builds and runs them. */
export const RECIPES = [
  ...['astro', 'authjs', 'express', 'hono', 'next-intl', 'sveltekit'].map(
    (name) => `docs/recipes/${name}.md`,
  ),
  ...['authjs', 'authlib', 'better-auth', 'openid-client'].map((name) => `docs/openid/${name}.md`),
];

/** How blocks of a language are tried. A language that is missing here has no class, and the test fails. */
export const BY_LANGUAGE = {
  css: 'markup',
  html: 'markup',
  js: 'run',
  json: 'parse',
  jsx: 'types',
  python: 'run',
  rust: 'compile',
  sh: 'shell',
  svelte: 'markup',
  text: 'prose',
  toml: 'settings',
  ts: 'types',
  tsx: 'types',
  vue: 'markup',
};

const CLIENT = 'from loggin import Loggin\nclient = Loggin()\n';
const TOKEN = `${CLIENT}token = client.create_token("8XKPQ2WN").token\n`;
const SIGNED_IN = "equal([session.phone, session.appKey], ['919876543210', '8XKPQ2WN']);";
const SHOWN = "session.phone  # '919876543210'";
const ASK = 'const ask = async (_question) => (await lines.next()).value;';
const WEB = "import { Loggin } from '@loggin/web'; const client = new Loggin();";
const WEB_TOKEN = `${WEB} const { token } = client.createToken('8XKPQ2WN');`;

const WEBHOOK_BODY =
  '{"type":"login.revoked","timestamp":"2026-11-22T08:00:00.000Z","data":{"login_id":"0f3a"}}';

/**
 * Blocks that stand in a context. `has` is a part of the block, and each entry finds one block of its page. `how` is a
 * class other than the language's, with the `reason` where it cannot run here; `before` is what the page takes for
 * granted, `after` what is looked for at the end, `beside` another file for whose types the block is there; `code` says that somebody types the code that came, `confirms` the one that
 * the app asks for after the tap; with `refuses` guards refuse the person a code; `swap` puts this environment's values in place of the page's; with `scopes` there is an access key in the environment.
 */
export const NAMED = [
  { page: 'README.md', has: 'make demo', how: 'commands' },
  { page: 'README.md', has: 'make build', how: 'commands' },
  ...['--find-links dist/python', 'dist/npm/loggin-'].map((has) => ({
    page: 'README.md',
    has,
    how: 'elsewhere',
    reason: 'tests/install runs it with the packages of dist/',
  })),
  { page: 'README.md', has: 'AsyncLoggin() as client', after: SHOWN },
  { page: 'README.md', has: 'input("The code that came', code: true },
  { page: 'README.md', has: "require('@loggin/sdk')", after: SIGNED_IN },
  {
    page: 'README.md',
    has: 'await loggin.otp.start(',
    before: ASK,
    after: "equal(phone, '919876543210');",
    code: true,
  },
  { page: 'README.md', has: 'client.watch(result.token)', confirms: true },
  {
    page: 'README.md',
    has: 'loggin.watch(token)',
    before: ASK,
    after: 'equal(await loggin.status(token), "verified");',
    confirms: true,
  },
  {
    page: 'README.md',
    has: 'watch.wait_next()',
    before:
      'let client = loggin::Loggin::from_env()?; let login = client.create_token("8XKPQ2WN")?; let typed = String::new();',
  },
  {
    page: 'README.md',
    has: '<LogginButton',
    before: 'declare function signInOnYourServer(token: string): Promise<void>;',
  },
  { page: 'README.md', has: 'await redeem(token)', before: 'declare const token: string;' },
  {
    page: 'README.md',
    has: 'client.otp().start',
    before: 'let client = loggin::Loggin::from_env()?; let typed = String::new();',
  },
  {
    page: 'README.md',
    has: 'context.openWhatsApp(login)',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['signIn'],
    reason: 'it needs the Android SDK',
  },
  {
    page: 'server/templates/code/kotlin.txt',
    has: 'context.openWhatsApp(login)',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['signIn'],
    reason: 'it needs the Android SDK',
  },
  {
    page: 'server/templates/code/swift.txt',
    has: 'await login.openWhatsApp()',
    how: 'names',
    sources: 'bindings/mobile/swift',
    own: ['signIn'],
    reason: 'it needs UIKit',
  },
  { page: 'CONTRIBUTING.md', has: 'make build', how: 'commands' },
  { page: 'CONTRIBUTING.md', has: 'make fuzz', how: 'commands' },

  { page: 'docs/deploy.md', has: 'cargo build --release', how: 'commands' },
  { page: 'docs/deploy.md', has: 'app create --name NAME', how: 'commands' },
  { page: 'docs/deploy.md', has: 'app key create', how: 'commands' },
  { page: 'docs/deploy.md', has: 'test-number add', how: 'commands' },
  { page: 'docs/deploy.md', has: 'proxy_pass', how: 'elsewhere', reason: 'it is for nginx' },
  { page: 'docs/deploy.md', has: '@stream 127.0.0.1', how: 'elsewhere', reason: 'it is for Caddy' },
  { page: 'docs/deploy.md', has: 'max_fails', how: 'elsewhere', reason: 'it is for nginx' },
  { page: 'docs/deploy.md', has: 'health_uri', how: 'elsewhere', reason: 'it is for Caddy' },
  ...[
    'CREATE ROLE loggin',
    'chmod 600 ~/.pgpass',
    'postgres://loggin:PASSWORD@',
    'packaging/postgresql/from-sqlite',
    'trusted_proxies = "10.87.0.1"',
    '10.87.0.12:8787/readyz',
    'dpkg --install loggin',
    'pool_mode = transaction',
    'notify = "off"',
  ].map((has) => ({
    page: 'docs/deploy.md',
    has,
    how: 'elsewhere',
    reason: 'tests/packaging follows it with PostgreSQL, three servers and a proxy',
  })),
  { page: 'docs/deploy.md', has: '--tls-cert', how: 'commands' },
  {
    page: 'docs/deploy.md',
    has: 'make package-server',
    how: 'elsewhere',
    reason: 'it installs a package, which tests/packaging does in a root folder of its own',
  },
  { page: 'docs/deploy.md', has: 'sudo install', how: 'elsewhere', reason: 'it is for systemd' },
  {
    page: 'docs/element.md',
    has: 'def session(request)',
    before: `${TOKEN}class Request:\n    POST = {"loggin_token": token}\n`,
    after: 'session(Request())',
  },
  { page: 'docs/element.md', has: "import '@loggin/element'", how: 'types' },
  { page: 'docs/errors.md', has: 'nobody tapped Send', before: TOKEN },
  {
    page: 'docs/errors.md',
    has: 'except (ExpiredError',
    before: `${CLIENT}session_id = client.otp.start("+919876543210").session_id\ntyped = input()\n`,
    after: "result.phone  # '919876543210'",
    code: true,
  },
  ...['[patch.crates-io]', 'cargo run', '<modelVersion>', 'fun main()', 'exec:java'].map((has) => ({
    page: 'docs/first-login.md',
    has,
    how: 'elsewhere',
    reason: 'tests/install runs it with the packages of dist/',
  })),
  {
    page: 'docs/mobile.md',
    has: 'client.verify_token(token)',
    before: `${TOKEN}client.wait_for_verify(token)\n`,
    after: SHOWN,
  },
  { page: 'docs/mobile.md', has: 'bindings/mobile/generate', how: 'commands' },
  {
    page: 'docs/mobile.md',
    has: 'implementation("dev.loggin',
    how: 'elsewhere',
    reason: 'it is for Gradle with the Android SDK',
  },
  {
    page: 'docs/mobile.md',
    has: 'context.openWhatsApp(login)',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['signIn'],
    reason: 'it needs the Android SDK',
  },
  {
    page: 'docs/mobile.md',
    has: 'loggin.waitForVerifyBlocking(login.getToken()',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['getLink', 'getToken', 'ofMinutes', 'show', 'signIn'],
    reason: 'its calls are compiled and run by the Java test of the Kotlin suite',
  },
  {
    page: 'docs/mobile.md',
    has: 'await login.openWhatsApp()',
    how: 'names',
    sources: 'bindings/mobile/swift',
    own: ['signIn'],
    reason: 'it needs UIKit',
  },
  {
    page: 'docs/mobile.md',
    has: 'LoginUpdate.AwaitingConfirmation ->',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['askForDigits', 'signIn'],
    reason: 'it is a part of an app',
  },
  {
    page: 'docs/mobile.md',
    has: 'case .awaitingConfirmation',
    how: 'names',
    sources: 'bindings/mobile/swift',
    own: ['askForDigits', 'signIn'],
    reason: 'it needs a Swift toolchain',
  },
  {
    page: 'docs/mobile.md',
    has: 'intent.data?.fragment',
    how: 'names',
    sources: 'bindings/mobile/kotlin',
    own: ['show', 'substringAfter'],
    reason: 'it is a part of an app; its calls are run by the Kotlin suite',
  },
  {
    page: 'docs/mobile.md',
    has: '.onOpenURL',
    how: 'names',
    sources: 'bindings/mobile/swift',
    own: ['String', 'show', 'split'],
    reason: 'it needs a Swift toolchain',
  },
  {
    page: 'docs/nextjs.md',
    has: 'interface LogginApp',
    beside: `import { getSession, redeem } from '@loggin/nextjs';
      const { phone } = (await getSession())!;
      // @ts-expect-error: it may be null.
      phone.length;
      await redeem('', { requirePhone: false });`,
  },
  { page: 'docs/nextjs.md', has: 'npm install', how: 'commands' },
  { page: 'docs/nextjs.md', has: '.env.local', how: 'environment' },
  { page: 'docs/nextjs.md', has: 'npm run dev', how: 'commands' },
  { page: 'docs/nextjs.md', has: "'x-nonce'", before: "import { NextResponse } from 'next/server';" },
  {
    page: 'docs/nextjs.md',
    has: 'isOnMyList(',
    before: 'declare function isOnMyList(...names: (string | Date)[]): Promise<boolean>;',
  },
  {
    page: 'docs/nextjs.md',
    has: 'keepSignedOutAt(',
    before:
      'declare function signedOutAt(person: string): Promise<Date | null>; declare function keepSignedOutAt(person: string, at: Date): Promise<void>;',
  },
  {
    page: 'docs/nextjs.md',
    has: 'accountOf(',
    before: 'declare const token: string; declare function accountOf(person: string): Promise<string>;',
  },
  { page: 'docs/operations.md', has: 'loggin-server completions', how: 'commands' },
  { page: 'docs/openid.md', has: 'loggin-server client', how: 'commands' },
  {
    page: 'docs/openid/authlib.md',
    has: 'uvicorn app:app',
    how: 'elsewhere',
    reason: 'tests/openid.test.mjs starts it in this way',
  },
  ...['Keycloak', 'authentik', 'Supabase', 'Grafana', 'Nextcloud', 'Wiki'].map((name) => ({
    page: 'docs/openid/servers.md',
    has: `--name ${name}`,
    how: 'commands',
  })),
  { page: 'docs/gateway.md', has: 'app create --name', how: 'commands' },
  { page: 'docs/gateway.md', has: 'gateway list', how: 'commands' },
  ...['supabase', 'kratos', 'zitadel', 'authentik', 'keycloak', 'generic'].map((kind) => ({
    page: 'docs/gateway.md',
    has: `gateway create --as ${kind}`,
    how: 'commands',
  })),
  { page: 'docs/gateway.md', has: 'rotate GATEWAY_ID --secret-file -', how: 'commands' },
  { page: 'docs/gateway.md', has: 'courier:', how: 'elsewhere', reason: 'it is for Kratos' },
  { page: 'docs/gateway.md', has: 'function(ctx)', how: 'elsewhere', reason: 'it is for Kratos' },
  { page: 'docs/operator.md', has: 'loggin-server logs', how: 'commands' },
  { page: 'docs/operator.md', has: 'loggin-server usage', how: 'commands' },
  { page: 'docs/operator.md', has: 'loggin-server access-key', how: 'commands' },
  { page: 'docs/operator.md', has: 'loggin-server admin', how: 'commands' },
  {
    page: 'docs/operator.md',
    has: '/api/v1/admin/apps?limit=10',
    scopes: ['apps:read', 'apps:write', 'logs:read', 'usage:read'],
    after: '"name":"Shop"',
  },
  { page: 'docs/operator.md', has: 'loggin-server nodes', how: 'commands' },
  { page: 'docs/whatsapp-setup.md', has: 'loggin-server template', how: 'commands' },
  { page: 'docs/operator.md', has: 'loggin-server guard', how: 'commands' },
  {
    page: 'docs/operator.md',
    has: 'client_ip=address',
    after: `from fastapi.testclient import TestClient
here = TestClient(app, client=("203.0.113.7", 50412))
assert len(here.post("/codes", params={"phone": "+919876543210"}).json()) == 36
`,
  },
  {
    page: 'docs/operator.md',
    has: 'clientIp: ip',
    before: "const { default: express } = await import('express');",
    after: `const listening = app.listen(0, '127.0.0.1');
await new Promise((resolve) => listening.once('listening', resolve));
const headers = { 'Content-Type': 'application/json' };
const body = JSON.stringify({ phone: '+919876543210' });
const url = \`http://127.0.0.1:\${listening.address().port}/codes\`;
const told = await (await fetch(url, { method: 'POST', headers, body })).json();
equal(told.sessionId?.length, 36);
listening.close();
listening.closeAllConnections();`,
  },
  {
    page: 'docs/operator.md',
    has: 'client_ip(peer.ip())',
    before: `use loggin::OtpRequest; let client = loggin::Loggin::from_env()?; let phone = "+919876543210";
      let peer: std::net::SocketAddr = "203.0.113.7:50412".parse()?;`,
  },
  { page: 'docs/operations.md', has: 'OTEL_EXPORTER_OTLP_ENDPOINT=', how: 'commands' },
  { page: 'docs/operations.md', has: 'loggin-server backup', how: 'commands' },
  { page: 'docs/operations.md', has: 'loggin-server forget', how: 'commands' },
  {
    page: 'docs/operations.md',
    has: 'mkdir /var/lib/loggin/before',
    how: 'elsewhere',
    reason: 'a test of the server runs it',
  },
  {
    page: 'docs/operations.md',
    has: 'pg_dump --format=custom',
    how: 'elsewhere',
    reason: 'a test of the server runs it',
  },
  {
    page: 'docs/operations.md',
    has: 'pg_restore --exit-on-error',
    how: 'elsewhere',
    reason: 'a test of the server runs it',
  },
  ...['archive_mode', 'pg_basebackup', 'recovery_target_time', 'pg_blocking_pids'].map((has) => ({
    page: 'docs/operations.md',
    has,
    how: 'elsewhere',
    reason: 'tests/packaging runs it',
  })),
  { page: 'docs/operations.md', has: 'scrape_configs', how: 'elsewhere', reason: 'it is for Prometheus' },
  { page: 'docs/operations.md', has: 'loggin-server doctor', how: 'commands' },
  {
    page: 'docs/protocol.md',
    has: '/api/v1/auth/start',
    swap: { 'https://login.example.org': '{url}' },
    after: '"session_id"',
  },
  {
    page: 'docs/releasing.md',
    has: 'bindings/mobile/swift/mirror',
    how: 'elsewhere',
    reason: 'tests/parity runs it with a file of its own',
  },
  { page: 'docs/testing.md', has: "pip install 'loggin[testing]'", how: 'commands' },
  { page: 'docs/testing.md', has: 'npm install --save-dev', how: 'commands' },
  { page: 'docs/testing.md', has: 'loggin_person', how: 'tests', tests: 2 },
  { page: 'docs/testing.md', has: "from 'node:test'", how: 'tests', tests: 2 },
  { page: 'docs/testing.md', has: "from 'vitest'", how: 'tests', tests: 1 },
  { page: 'docs/whatsapp-setup.md', has: '/register"', how: 'elsewhere', reason: 'it asks Meta' },
  { page: 'docs/whatsapp-setup.md', has: '/subscribed_apps"', how: 'elsewhere', reason: 'it asks Meta' },
  {
    page: 'docs/whatsapp-setup.md',
    has: 'app create --name "My shop"',
    swap: { 'https://<your server>': '{url}', 'lgsk_…': '{secretKey}', '<app key>': '8XKPQ2WN' },
    after: '919876543210',
  },
  {
    page: 'docs/whatsapp-setup.md',
    has: '/api/v1/auth/start',
    swap: { 'https://<your server>': '{url}', 'lgsk_…': '{secretKey}', '<your own number>': '919876543210' },
    after: '"session_id"',
  },

  { page: 'node/element/README.md', has: "import '@loggin/element'", how: 'types' },
  { page: 'node/nextjs/README.md', has: 'openssl', how: 'environment' },
  {
    page: 'node/nextjs/README.md',
    has: '(request, session) => response',
    before: 'declare const response: Response;',
  },
  {
    page: 'node/nextjs/README.md',
    has: 'const maybe = await getSession()',
    swap: { '=> …': '=> Response.json({ phone: session.phone })' },
  },
  {
    page: 'node/nextjs/README.md',
    has: 'redirect(ok',
    before: "import { redirect } from 'next/navigation';",
  },
  { page: 'node/react/README.md', has: 'useLoggin({', before: 'declare const onSuccess: () => void;' },
  {
    page: 'node/react/README.md',
    has: '<OtpForm',
    before: 'declare function greet(phone: unknown): void;',
  },
  { page: 'node/sdk/README.md', has: 'console.log(session.phone', after: SIGNED_IN },
  {
    page: 'node/sdk/README.md',
    has: 'loggin.otp.verify(',
    before: `import { loggin } from '@loggin/sdk'; ${ASK}`,
    after: "equal([phone, meta], ['919876543210', { cart: 7 }]);",
    code: true,
  },
  {
    page: 'node/sdk/README.md',
    has: 'instanceof BlockedError',
    before: 'const signedIn = []; const signIn = (phone) => signedIn.push(phone);',
    after: "equal(signedIn, ['919876543210']);",
    refuses: true,
  },
  {
    page: 'node/sdk/README.md',
    has: 'loggin.watch(token)',
    before: `import { loggin } from '@loggin/sdk'; ${ASK} const { token } = loggin.createToken('8XKPQ2WN');
      const signedIn = []; const signIn = (phone) => signedIn.push(phone);`,
    after: "equal(signedIn, ['919876543210']);",
    confirms: true,
  },
  { page: 'node/web/README.md', has: 'the link is there before the tap', after: SIGNED_IN },
  {
    page: 'node/web/README.md',
    has: 'onProgress',
    before: `${WEB_TOKEN} const controller = new AbortController(); const show = () => {}; const handed = [];
      const fetch = async (path, { body }) => handed.push([path, JSON.parse(body).token]);`,
    after: "equal(handed, [['/login', token]]);",
  },
  {
    page: 'node/web/README.md',
    has: 'client.verifyToken(token)',
    before: `${WEB_TOKEN} await client.waitForVerify(token);`,
    after: SIGNED_IN,
  },
  {
    page: 'node/web/README.md',
    has: '@loggin/web/otp',
    before: ASK,
    after: "equal(phone, '919876543210');",
    code: true,
  },
  ...RECIPES.map((page) => ({
    page,
    has: page.endsWith('authlib.md') ? 'pip install' : 'npm install',
    how: 'commands',
  })),
  { page: 'python/README.md', has: 'AsyncLoggin() as client', after: SHOWN },
  {
    page: 'python/README.md',
    has: 'client.watch(result.token)',
    before: 'from loggin import Loggin\n',
    confirms: true,
  },
  { page: 'python/README.md', has: 'meta={"cart": 7}', before: 'from loggin import Loggin\n', code: true },
  { page: 'python/README.md', has: 'except (BlockedError', after: SHOWN, refuses: true },
  { page: 'server/simulator/README.md', has: '--phone-number-id', how: 'commands' },
  {
    page: 'server/simulator/README.md',
    has: '/control/phones/',
    swap: { 'http://127.0.0.1:8788': '{simulatorUrl}' },
    after: '200',
  },
  {
    page: 'tests/sse-contract/README.md',
    has: 'sse-contract-tests',
    how: 'elsewhere',
    reason: "the suite's program is somebody else's",
  },
  { page: 'docs/webhooks.md', has: '--event login.revoked', how: 'commands' },
  { page: 'docs/webhooks.md', has: 'webhook list [APP_KEY]', how: 'commands' },
  { page: 'docs/webhooks.md', has: 'replay ENDPOINT_ID --since 7d', how: 'commands' },
  { page: 'docs/webhooks.md', has: 'loggin-server dev --data dev', how: 'commands' },
  {
    page: 'docs/webhooks.md',
    has: 'from loggin import LogginError, verify_webhook',
    before: `import base64, hashlib, hmac, time
key, now, payload, ended = bytes(32), str(int(time.time())), b'${WEBHOOK_BODY}', []
mac = hmac.new(key, b"evt_1." + now.encode() + b"." + payload, hashlib.sha256).digest()
secret = "whsec_" + base64.b64encode(key).decode()
headers = {"webhook-id": "evt_1", "webhook-timestamp": now, "webhook-signature": "v1," + base64.b64encode(mac).decode()}
end_sessions_of = ended.append
`,
    after: "told = ended[0]\ntold  # '0f3a'",
  },
  {
    page: 'docs/webhooks.md',
    has: 'if (event.type ===',
    before: `import { createHmac } from 'node:crypto';
const [key, now, payload, ended] = [Buffer.alloc(32), Math.floor(Date.now() / 1000), '${WEBHOOK_BODY}', []];
const mac = createHmac('sha256', key).update(\`evt_1.\${now}.\${payload}\`).digest('base64');
const secret = \`whsec_\${key.toString('base64')}\`;
const request = { headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': \`\${now}\`, 'webhook-signature': \`v1,\${mac}\` } };
const endSessionsOf = async (name) => ended.push(name);`,
    after: "equal(ended, ['0f3a']);",
  },
];
