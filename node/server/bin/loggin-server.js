#!/usr/bin/env node
// Runs the server out of the package for this platform, and ends as it ends.
'use strict';

const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { constants } = require('node:os');

/** What ends the server. A terminal sends it to both, a service manager to this process alone. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** Milliseconds between looks at whether npx is still there. */
const LOOK_MS = 250;

const platform = `${process.platform}-${process.arch}`;

function program() {
  const path = `@loggin/server-${platform}/bin/loggin-server`;
  try {
    return require.resolve(path);
  } catch {
    console.error(
      `@loggin/server has no build for ${platform}, or it was not installed: the package @loggin/server-${platform} is an ` +
        'optional dependency. Install again with optional dependencies, or build the server with Rust: ' +
        'cargo install loggin-server whatsapp-simulator',
    );
    return process.exit(1);
  }
}

/** The name and the parent of a process; nothing where there is no such process, or no /proc. */
function processOf(pid) {
  try {
    // The name stands in parentheses, and may have some itself: 71 (sh) S 70 …
    const [, name, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').match(/\((.*)\) \S (\d+) /s);
    return { name, parent };
  } catch {
    return {};
  }
}

/**
 * Tells whether npx is still there. It is our parent, or that of the shell by which it runs us: dash waits for us, and bash
 * becomes us, as the `sh` of macOS is, which has no /proc.
 */
function npxWatch() {
  const parent = process.ppid;
  const { name, parent: before } = processOf(parent);
  const isShell = /^\w*sh$/.test(name);
  return () => process.ppid === parent && (!isShell || processOf(parent).parent === before);
}

const server = spawn(program(), process.argv.slice(2), { stdio: 'inherit' });
for (const signal of SIGNALS) {
  process.on(signal, () => server.kill(signal));
}
// npx hands SIGTERM to the shell in between alone, which dies of it and tells nobody. Of SIGHUP it dies itself.
if (process.env.npm_command === 'exec') {
  const isNpxThere = npxWatch();
  setInterval(() => isNpxThere() || server.kill(), LOOK_MS).unref();
}
server.on('error', (error) => {
  console.error(`loggin-server cannot be started: ${error.message}`);
  process.exitCode = 1;
});
server.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
