/** The environment as the program has it: a worker may have one of its own, and tests replace it. */

/** What the client reads besides `LOGGIN_…`, in the spellings that curl knows. */
const NAMES = [
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'REQUEST_METHOD',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** @internal The variables that a client reads; what Node itself trusts beside its own roots is trusted too. */
export function environmentOf(variables: NodeJS.ProcessEnv): Record<string, string> {
  const names = [...Object.keys(variables).filter((name) => name.startsWith('LOGGIN_')), ...NAMES];
  const given: Record<string, string> = {};
  const { NODE_EXTRA_CA_CERTS } = variables;
  if (NODE_EXTRA_CA_CERTS !== undefined) {
    given.SSL_CERT_FILE = NODE_EXTRA_CA_CERTS;
  }
  for (const name of names) {
    const value = variables[name];
    if (value) {
      given[name] = value;
    }
  }
  return given;
}
