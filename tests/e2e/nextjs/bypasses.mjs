/** Ways round a door, each by its name: the requests that have passed one somewhere, and their kin. */

const HOME = '/vault';

/** Paths that a router may take for a protected page, and a door for something else. */
function paths(build) {
  const spellings = [
    '//dashboard', '//vault', '///vault', '/./vault', '/open/../vault', '/open/%2e%2e/vault', '/vault/', '/vault//', '/vault/.',
    '/%64ashboard', '/%76ault', '/v%61ult', '/%76%61%75%6c%74', '/%2576ault', '/vault%2F..', '/dashboard%2F..', '/vault%2f1', '/vault%2F',
    '/open%2F..%2Fvault', '/open%2f%2e%2e%2fvault', '/vault;x=1', '/vault;', '/;x=1/vault', '/dashboard;x=1', '/vault/1;x=1',
    '/VAULT', '/Vault', '/DASHBOARD', '/vault/1/', '/vault/1', '/vault%00', '/vault%0a', '/vault%20', '/vault\\', '/\\vault', '/%5cvault',
    '/vault%5c1', '/vault%', '/%zzvault', '/vault%c0%af', '/vault?', '/vault?x=/login', '/vault#/login', '/login/../vault', '/login/..%2Fvault',
    '/login%2F..%2Fvault', '/_next/static/../../vault', '/_next/static/..%2F..%2Fvault', '/_next/..%2Fvault', '/index/vault', '/vault/index',
    '/vault/page', '/app/vault/page', '/vault/plan.txt', '//vault/plan.txt', '/vault//plan.txt', '/vault/%70lan.txt', '/vault/./plan.txt',
    '/vault/plan.png', '/api/vault', '//api/vault', '/api//vault', '/api/%76ault', '/API/VAULT', '/api/vault/', '/api/vault;x', '/api/./vault',
    'http://127.0.0.1/vault', 'http://elsewhere.example/vault',
  ];
  const parts = [
    '/vault.rsc', '/vault/1.rsc', '/vault.prefetch.rsc', '/vault.segments/_tree.segment.rsc', '/vault.segments/_full.segment.rsc',
    '/vault.segments/_index.segment.rsc', '/vault.segments/vault.segment.rsc', '/vault.segments/vault/__PAGE__.segment.rsc',
    '/vault.segments/!dmF1bHQ.segment.rsc', '/vault/1.segments/_tree.segment.rsc', '/vault/1.segments/vault/$d$id/__PAGE__.segment.rsc',
    '/%76ault.rsc', '//vault.rsc', '/vault%2ersc', '/vault.RSC', '/vault.html', '/vault.json', '/vault.txt', '/vault.meta', '/vault.body',
    '/dashboard.rsc', '/dashboard.segments/_tree.segment.rsc', '/members.rsc', '/members.segments/_full.segment.rsc', '/vault.action',
    '/api/vault.rsc', '/_next/server/app/vault.html', '/.next/server/app/vault.html', '/_next/static/chunks/../../server/app/vault.rsc',
  ];
  const data = ['ledger', 'vault', 'vault/1', 'dashboard', 'fr/ledger', 'en/ledger', 'en', 'index'].flatMap((page) => [
    `/_next/data/${build}/${page}.json`, `//_next/data/${build}/${page}.json`, `/%5fnext/data/${build}/${page}.json`,
    `/_next/data/other-build/${page}.json`, `/fr/_next/data/${build}/${page}.json`,
  ]);
  const locales = [
    '/ledger', '/en/ledger', '/fr/ledger', '/FR/ledger', '/fr//ledger', '/fr/%6cedger', '/%66r/ledger', '/fr/ledger/', '//fr/ledger', '/fr/LEDGER',
    '/en/vault', '/fr/vault', '/fr/vault/1', '/en/dashboard', '/fr/dashboard', '/fr/fr/ledger', '/en/fr/ledger', '/de/ledger', '/default/ledger',
    '/fr/ledger.rsc', '/ledger.json', '/ledger;x', '/fr/api/vault',
  ];
  const queries = [
    '/vault/1?nxtPid=2', '/vault/1?nxtPid=../open', '/open?nxtPid=1', '/open?nxtPpath=vault', '/open?nxtPid=1&nxtIid=1', '/open?__nextLocale=fr',
    '/open?__nextDataReq=1', '/ledger?__nextDataReq=1', '/ledger?__nextLocale=fr', '/ledger?__nextDefaultLocale=fr', '/vault?_rsc=1',
    '/vault?__flight__=1', '/vault?__nextPath=/open', '/open?__nextPath=/vault', '/open?nextInternalLocale=fr', '/vault/1?amp=1',
    '/vault?_nextRedirect=1', '/vault?nxtP=', '/vault/%5Bid%5D', '/vault/[id]', '/vault/[id]?nxtPid=1', '/vault/%5Bid%5D?nxtPid=1',
  ];
  const pictures = ['/vault/plan.png', '//vault/plan.png', '/%76ault/plan.png', '/open/../vault/plan.png', '/vault/plan.txt'].map(
    (url) => `/_next/image?url=${encodeURIComponent(url)}&w=64&q=75`,
  );
  return { spellings, parts, data, locales, queries, pictures };
}

/** Headers by which Next.js speaks to itself, or its browser part to it. */
function headers() {
  const names = ['middleware', 'src/middleware', 'proxy', 'src/proxy', 'pages/_middleware', 'pages/vault/_middleware'];
  const subrequests = names.flatMap((name) => [name, Array(5).fill(name).join(':'), Array(9).fill(name).join(':')]);
  return {
    'x-middleware-subrequest': subrequests.map((value) => ({ 'x-middleware-subrequest': value })),
    'x-middleware and kin': [
      { 'x-middleware-subrequest-id': '0000000000000000' },
      { 'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware', 'x-middleware-subrequest-id': '1' },
      { 'x-middleware-next': '1' }, { 'x-middleware-rewrite': HOME }, { 'x-middleware-override-headers': 'x', 'x-middleware-request-x': '1' },
      { 'x-middleware-invoke': '1' }, { 'x-middleware-prefetch': '1' }, { 'x-middleware-skip': '1' }, { 'x-middleware-set-cookie': 'a=b' },
      { 'x-invoke-path': HOME, 'x-invoke-status': '200' }, { 'x-invoke-output': HOME }, { 'x-invoke-query': '%7B%7D' },
      { 'x-matched-path': HOME }, { 'x-now-route-matches': '1=1' }, { 'x-vercel-id': '1' }, { 'x-nextjs-data': '1' }, { 'x-nextjs-rewrite': HOME },
      { 'x-rewrite-url': HOME }, { 'x-original-url': HOME }, { 'x-forwarded-uri': HOME }, { 'x-forwarded-prefix': '/open' },
      { 'x-http-method-override': 'GET' }, { 'x-prerender-revalidate': '1' }, { 'x-nextjs-postponed': '1' }, { 'next-resume': '1' },
      { 'x-action-forwarded': '1' }, { 'x-forwarded-host': 'elsewhere.example' }, { host: 'elsewhere.example' },
    ],
    'parts of pages': [
      { rsc: '1' }, { RSC: '1', 'next-router-prefetch': '1' }, { rsc: '1', 'next-router-prefetch': '2' },
      ...['/_tree', '/_full', '/_index', '/vault', '/vault/__PAGE__', '/_head'].map((segment) => ({
        rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': segment,
      })),
      { rsc: '1', 'next-router-state-tree': '%5B%22%22%5D' }, { rsc: '1', 'next-url': '/open' }, { rsc: '1', 'next-hmr-refresh': '1' },
      { 'next-router-prefetch': '1' }, { purpose: 'prefetch' }, { 'sec-purpose': 'prefetch' }, { accept: 'text/x-component' },
    ],
  };
}

export const METHODS = ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'];

/** Every page and route that is guarded; a person with a session gets their marker. */
export const ROOMS = { '/vault': 'vault', '/vault/1': 'box', '/members': 'members', '/api/vault': 'route', '/ledger': 'ledger', '/vault/plan.txt': 'file' };

/** The requests of each kind, each with its path and headers. */
export function bypasses(build) {
  const kinds = Object.entries(paths(build)).map(([kind, list]) => [kind, list.map((path) => ({ path }))]);
  for (const [kind, list] of Object.entries(headers())) {
    kinds.push([kind, list.flatMap((each) => [...Object.keys(ROOMS), '/dashboard', '/vault.rsc'].map((path) => ({ path, headers: each })))]);
  }
  kinds.push(['parts of pages, with headers and spellings', headers()['parts of pages'].flatMap((each) =>
    ['//vault', '/%76ault', '/vault?_rsc=1', '/VAULT', '/vault/', '/vault;x=1', '/fr/vault', '/vault/1?nxtPid=2'].map((path) => ({ path, headers: each })))]);
  return kinds;
}
